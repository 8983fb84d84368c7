import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBatchAckBody, encodeBatchAckBody } from '../../src/protocol/pop/batch-ack-body.ts'
import { decodeBitSet, encodeBitSet } from '../../src/protocol/pop/bit-set.ts'
import { anInt, aLong } from '../support/arbitraries.ts'

const bits = fc.uniqueArray(fc.integer({ min: 0, max: 200 })).map(list => list.sort((a, b) => a - b))

const ack = fc.record({
  consumerGroup: fc.string(),
  topic: fc.string(),
  mark: fc.string(),
  startOffset: aLong,
  queueId: anInt,
  reviveQueueId: anInt,
  popTime: aLong,
  invisibleTime: aLong,
  bits,
})

const refused = (message: string) =>
  expect.objectContaining({ code: 'ERR_RMQ_DECODE', message: expect.stringContaining(message) as string }) as Error

describe('acknowledgements together', () => {
  it('survive being written and read, with offsets beyond 2^53', () => {
    fc.assert(
      fc.property(fc.record({ brokerName: fc.string(), acks: fc.array(ack, { maxLength: 3 }) }), body => {
        expect(decodeBatchAckBody(encodeBatchAckBody(body))).toEqual(body)
      }),
    )
  })

  it.each([
    ['{"acks":[]}', 'batch ack.brokerName: expected a string'],
    ['{"brokerName":"b"}', 'batch ack.acks: expected a list'],
    ['{"brokerName":"b","acks":[{"c":"g"}]}', 'batch ack.acks[0].t: expected a string'],
  ])('are not %s', (body, message) => {
    expect(() => decodeBatchAckBody(Buffer.from(body))).toThrow(refused(message))
  })
})

describe('a set of bits', () => {
  it('survives being written and read', () => {
    fc.assert(
      fc.property(bits, list => {
        expect(decodeBitSet(encodeBitSet(list))).toEqual(list)
      }),
    )
  })

  it.each(['*', 'A', 'AQ=', 'AQ', 'A=Q='])('is not "%s"', text => {
    expect(() => decodeBitSet(text)).toThrow(refused('bit set: expected base64'))
  })

  it('has a limit, so that a small body cannot become a large list', () => {
    expect(decodeBitSet(encodeBitSet([1_048_575]))).toEqual([1_048_575])
    expect(() => decodeBitSet(Buffer.alloc(131_073).toString('base64'))).toThrow(refused('at most 131072 bytes'))
  })

  it.each([-1, 1.5, NaN, 1_048_576])('holds no %d', bit => {
    expect(() => encodeBitSet([0, bit])).toThrow(
      expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL', message: expect.stringContaining(`bit ${bit}`) as string }),
    )
  })
})
