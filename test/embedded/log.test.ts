import Long from 'long'
import { describe, expect, it } from 'vitest'
import { createLog, type Draft } from '../../src/embedded/log.ts'
import { createQueue } from '../../src/embedded/queue.ts'
import { readStoredMessages } from '../../src/protocol/messages/stored-message.ts'

const HOST = { address: '127.0.0.1', port: 10_911 }

const draft = (more: Partial<Draft> = {}): Draft => ({
  topic: 'orders',
  queueId: 0,
  flag: 0,
  sysFlag: 0,
  bornTimestamp: 1,
  bornHost: HOST,
  reconsumeTimes: 0,
  storedBody: Buffer.alloc(100),
  propertiesText: '',
  tagCode: 0,
  ...more,
})

const aLog = (maxBytes = 1_000_000) => createLog({ maxBytes, storeHost: HOST, now: () => 42 })

describe('the log of a broker', () => {
  it('keeps each message as the record that clients get', () => {
    const log = aLog()
    log.append(draft())
    const record = log.append(draft({ queueId: 2, storedBody: Buffer.from('hi'), propertiesText: 'a\u0001b\u0002' }))
    const [message] = readStoredMessages(record.bytes).messages
    expect(message).toMatchObject({ topic: 'orders', queueId: 2, storeTimestamp: 42, storeHost: HOST })
    expect(message?.physicalOffset.toNumber()).toBe(record.physicalOffset)
    expect(message?.properties).toMatchObject({ a: 'b' })
    expect(log.at(Long.fromNumber(record.physicalOffset))).toBe(record)
    expect(log.at(Long.fromNumber(record.physicalOffset + 1))).toBeUndefined()
    expect(log.at(Long.MAX_VALUE)).toBeUndefined()
  })

  it('drops the oldest messages of whatever topic when it is full, and only raises the beginning of a queue', () => {
    const log = aLog(1_000)
    const first = log.append(draft())
    for (let i = 0; i < 20; i++) log.append(draft({ topic: i % 2 === 0 ? 'orders' : 'others' }))
    expect(log.bytes()).toBeLessThanOrEqual(1_000)
    expect(log.at(Long.fromNumber(first.physicalOffset))).toBeUndefined()
    expect(log.queue('orders', 0).range()).toEqual({ min: 9, max: 11 })
    expect(log.queue('others', 0).range()).toEqual({ min: 7, max: 10 })
    expect(log.records('orders').map(record => record.queueOffset)).toEqual([9, 10])
    expect(log.appended()).toBe(21)
  })

  it('keeps the newest message even when it alone is larger than the log', () => {
    const log = aLog(100)
    log.append(draft())
    const record = log.append(draft({ storedBody: Buffer.alloc(500) }))
    expect(log.at(Long.fromNumber(record.physicalOffset))).toBe(record)
    expect(log.records('orders')).toHaveLength(1)
  })

  it('goes on dropping in order after it has dropped everything it had', () => {
    const log = aLog(250)
    for (let i = 0; i < 5_000; i++) log.append(draft())
    expect(log.queue('orders', 0).range()).toEqual({ min: 4_999, max: 5_000 })
    expect(log.queue('orders', 0).at(4_999)?.queueOffset).toBe(4_999)
    expect(log.queue('orders', 0).at(4_998)).toBeUndefined()
  })
})

describe('a queue', () => {
  it('that was emptied keeps its place', () => {
    const queue = createQueue()
    queue.add({
      topic: 't',
      queueId: 0,
      queueOffset: 0,
      physicalOffset: 0,
      storeTimestamp: 1,
      tagCode: 0,
      bytes: Buffer.alloc(9),
    })
    queue.dropFirst()
    queue.dropFirst()
    expect(queue.range()).toEqual({ min: 1, max: 1 })
    const limits = { messages: 32, bytes: 100, examined: 800 }
    expect(queue.read(Long.ONE, limits, () => true).status).toBe('OFFSET_OVERFLOW_ONE')
    expect(queue.read(Long.ZERO, limits, () => true)).toMatchObject({ status: 'OFFSET_TOO_SMALL', next: 1 })
  })
})
