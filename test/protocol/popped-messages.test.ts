import Long from 'long'
import { describe, expect, it } from 'vitest'
import { batchAcksOf } from '../../src/protocol/pop/batch-acks.ts'
import { encodePopCheckPoint } from '../../src/protocol/pop/pop-check-point.ts'
import { poppedMessages } from '../../src/protocol/pop/popped-messages.ts'
import type { PopAnswer } from '../../src/protocol/pop/popped-messages.ts'
import { aStored, type StoredParts } from '../support/builders.ts'

const HEADER = { popTime: Long.fromNumber(1_700_000_000_000), invisibleTime: Long.fromNumber(60_000), reviveQid: 3 }

/** The messages of an answer, each as its handle in text and how often it was delivered before. */
const read = (answer: Partial<PopAnswer>, ...messages: readonly StoredParts[]) =>
  poppedMessages({ ...HEADER, ...answer }, messages.map(aStored), 'broker-a').map(
    ({ handle, reconsumeTimes }) => [encodePopCheckPoint(handle), reconsumeTimes] as const,
  )

describe('the handle of a popped message', () => {
  it('is put together from the header, queue by queue', () => {
    const answer = { startOffsetInfo: '0 2 100;0 1 7', msgOffsetInfo: '0 2 100,102;0 1 9' }
    expect(read(answer, { queueId: 2, offset: 100 }, { queueId: 1, offset: 9 }, { queueId: 2, offset: 102 })).toEqual([
      ['100 1700000000000 60000 3 0 broker-a 2 100', 0],
      ['7 1700000000000 60000 3 0 broker-a 1 9', 0],
      ['100 1700000000000 60000 3 0 broker-a 2 102', 0],
    ])
  })

  it('is what the broker wrote into a message that comes again, which does not count among those of the topic', () => {
    const own = '5 1700000000000 60000 3 1 broker-a 0 6'
    const answer = { startOffsetInfo: '1 0 5;0 0 40', msgOffsetInfo: '1 0 6;0 0 41' }
    const again = { offset: 6, reconsumeTimes: 2, properties: { POP_CK: own } }
    expect(read(answer, again, { offset: 41 })).toEqual([
      [own, 2],
      ['40 1700000000000 60000 3 0 broker-a 0 41', 0],
    ])
  })

  it('tells where it is when the header is silent, as that of old brokers', () => {
    expect(read({}, { offset: 12 }, { offset: 15 })).toEqual([
      ['12 1700000000000 60000 3 0 broker-a 0 12', 0],
      ['12 1700000000000 60000 3 0 broker-a 0 15', 0],
    ])
  })

  it('comes with how often an ordered message was delivered: by its own entry, or that of its queue', () => {
    const answer = {
      startOffsetInfo: '0 0 1',
      msgOffsetInfo: '0 0 1,2,3',
      orderCountInfo: '0 qo0%1 4;0 qo0%2 0;0 0 1',
    }
    expect(read(answer, { offset: 1 }, { offset: 2 }, { offset: 3 }).map(([, count]) => count)).toEqual([4, 1, 1])
  })

  it.each([
    ['the start of its queue', { startOffsetInfo: '0 1 0', msgOffsetInfo: '0 0 1' }],
    ['its own place', { startOffsetInfo: '0 0 0', msgOffsetInfo: '0 1 1' }],
  ])('cannot be made when the header does not tell %s', (_, answer) => {
    expect(() => read(answer, { offset: 1 })).toThrow(/message 1 of queue 0@0 is not in its header/)
  })
})

describe('a batch of acknowledgements', () => {
  it('has one entry for each queue and pop, with the places of its messages from where the pop began', () => {
    const answer = { startOffsetInfo: '0 0 40;0 1 3', msgOffsetInfo: '0 0 40,42,49;0 1 3' }
    const messages = [{ offset: 40 }, { offset: 42 }, { queueId: 1, offset: 3 }, { offset: 49 }].map(aStored)
    const handles = poppedMessages({ ...HEADER, ...answer }, messages, 'broker-a').map(({ handle }) => handle)
    expect(batchAcksOf('g', 't', handles)).toMatchObject([
      { consumerGroup: 'g', topic: 't', mark: '0', queueId: 0, startOffset: Long.fromNumber(40), bits: [0, 2, 9] },
      { consumerGroup: 'g', topic: 't', mark: '0', queueId: 1, startOffset: Long.fromNumber(3), bits: [0] },
    ])
  })
})
