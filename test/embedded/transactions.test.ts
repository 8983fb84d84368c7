import { describe, expect, it } from 'vitest'
import type { EmbeddedClusterOptions } from '../../src/embedded/index.ts'
import { encodeHeartbeat } from '../../src/protocol/bodies/bodies.ts'
import type { Fields, Frame } from '../../src/protocol/frames/frame.ts'
import { decodeOffsetId } from '../../src/protocol/messages/message-id.ts'
import { readStoredMessages } from '../../src/protocol/messages/stored-message.ts'
import type { Asker } from './asker.ts'
import { aBroker, anAsker, eventually, sleep } from './cluster.ts'
import { sendFields } from './requests.ts'
import { virtualClock } from './virtual-clock.ts'

const SEND = 310
const END = 37
const CHECK = 39
const HEART_BEAT = 34
const HALF_TOPIC = 'RMQ_SYS_TRANS_HALF_TOPIC'
const BORN = 1_700_000_000_000
const COMMIT = '8'
const ROLLBACK = '12'

const half = (properties: Fields = {}) =>
  sendFields('orders', 1, { TRAN_MSG: 'true', PGROUP: 'tx', UNIQ_KEY: 'U', TAGS: 'T', ...properties }, { f: '4' })

/** Where a half message is, as the answer to its send says. */
const placeOf = ({ fields }: Frame) => ({
  tranStateTableOffset: fields['queueOffset'] ?? '',
  commitLogOffset: decodeOffsetId(fields['msgId'] ?? '').physicalOffset.toString(),
})
const ending = (commitOrRollback: string, place: Fields, more: Fields = {}) => ({
  producerGroup: 'tx',
  commitOrRollback,
  msgId: 'U',
  ...place,
  ...more,
})
const joinAs = (broker: Asker, clientId: string, group = 'tx') =>
  broker.ask(HEART_BEAT, {}, encodeHeartbeat({ clientId, producerGroups: [group], consumers: [] }))
const checksOf = (broker: Asker) => broker.pushed.filter(({ code }) => code === CHECK)
const aTransactionBroker = (options: EmbeddedClusterOptions = {}) =>
  aBroker({ topics: { orders: 2 }, transactionTimeOutMs: 0, transactionCheckIntervalMs: 20, ...options })

describe('a half message', () => {
  it('is kept where no consumer looks, and its sender is told of that record', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 2 } })
    const answer = await broker.ask(SEND, half(), 'maybe')
    expect(answer).toMatchObject({ code: 0, fields: { queueId: '1', queueOffset: '0', transactionId: 'U' } })
    expect(cluster.peek('orders')).toEqual([])
    const [kept] = cluster.peek(HALF_TOPIC)
    expect(kept).toMatchObject({ queueId: 0, sysFlag: 0 })
    expect(kept?.physicalOffset.toString()).toBe(placeOf(answer).commitLogOffset)
    expect(kept?.properties).toMatchObject({ REAL_TOPIC: 'orders', REAL_QID: '1', __transactionId__: 'U', TAGS: 'T' })
  })

  it('that is committed is in its queue, with all that it was sent with, marked as committed', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 2 } })
    const place = placeOf(await broker.ask(SEND, { ...half(), h: '3' }, 'yes'))
    expect((await broker.ask(END, ending(COMMIT, place))).code).toBe(0)
    const [message, ...others] = cluster.peek('orders')
    expect(others).toEqual([])
    expect(message).toMatchObject({ queueId: 1, flag: 3, sysFlag: 8, bornTimestamp: BORN, reconsumeTimes: 0 })
    expect(message?.queueOffset.toString()).toBe('0')
    expect(message?.preparedTransactionOffset.toString()).toBe(place.commitLogOffset)
    expect(message?.storedBody.toString()).toBe('yes')
    const names = { UNIQ_KEY: 'U', TAGS: 'T', TRAN_MSG: 'true', PGROUP: 'tx', REAL_TOPIC: 'orders', REAL_QID: '1' }
    expect(message?.properties).toMatchObject(names)
  })

  it('that is rolled back is never seen', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 2 } })
    const place = placeOf(await broker.ask(SEND, half(), 'no'))
    expect((await broker.ask(END, ending(ROLLBACK, place))).code).toBe(0)
    expect(cluster.peek('orders')).toEqual([])
  })

  it('that is over stays as it is, whatever is said later', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 2 } })
    const first = placeOf(await broker.ask(SEND, half(), 'yes'))
    for (const end of [COMMIT, COMMIT, ROLLBACK]) await broker.ask(END, ending(end, first))
    expect(cluster.peek('orders')).toHaveLength(1)
    const second = placeOf(await broker.ask(SEND, half(), 'no'))
    for (const end of [ROLLBACK, COMMIT]) expect((await broker.ask(END, ending(end, second))).code).toBe(0)
    expect(cluster.peek('orders')).toHaveLength(1)
  })

  it('with a delay waits for it from the commit on', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 2 }, delayLevels: '60ms' })
    const place = placeOf(await broker.ask(SEND, half({ DELAY: '1' }), 'later'))
    await sleep(80)
    expect(cluster.peek('orders')).toEqual([])
    await broker.ask(END, ending(COMMIT, place))
    expect(cluster.peek('orders')).toEqual([])
    await eventually(() => cluster.peek('orders').length === 1, 'it comes due')
  })
})

describe('the end of a transaction', () => {
  const place = { tranStateTableOffset: '0', commitLogOffset: '0' }
  it.each<[what: string, fields: Fields, code: number]>([
    ['of another group', ending(COMMIT, place, { producerGroup: 'others' }), 1],
    ['at another offset of the half topic', ending(COMMIT, { ...place, tranStateTableOffset: '1' }), 1],
    ['where no record begins', ending(COMMIT, { ...place, commitLogOffset: '7' }), 1],
    ['of a message that was none', ending(COMMIT, { ...place, commitLogOffset: 'ordinary' }), 1],
  ])('%s is refused', async (_, fields, code) => {
    const { cluster, broker } = await aBroker({ topics: { orders: 2 } })
    await broker.ask(SEND, half(), 'half')
    const ordinary = placeOf(await broker.ask(SEND, sendFields('orders', 0), 'ordinary')).commitLogOffset
    const commitLogOffset = fields['commitLogOffset'] === 'ordinary' ? ordinary : fields['commitLogOffset']
    expect(await broker.ask(END, { ...fields, commitLogOffset: commitLogOffset ?? '' })).toMatchObject({ code })
    expect(cluster.peek('orders')).toHaveLength(1)
  })

  it('that says "unknown" is not answered', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 2 } })
    const at = placeOf(await broker.ask(SEND, half(), 'half'))
    void broker.ask(END, ending('0', at)).catch(() => undefined)
    expect((await broker.ask(END, ending(COMMIT, at))).code).toBe(0)
    expect([cluster.peek('orders').length, broker.unasked()]).toEqual([1, 0])
  })

  it('that comes later than its producer said is refused, unless it answers a check', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 2 } }) // born long ago
    const at = placeOf(await broker.ask(SEND, half({ CHECK_IMMUNITY_TIME_IN_SECONDS: '10' }), 'half'))
    expect((await broker.ask(END, ending(COMMIT, at))).code).toBe(604)
    expect(cluster.peek('orders')).toEqual([])
    expect((await broker.ask(END, ending(COMMIT, at, { fromTransactionCheck: 'true' }))).code).toBe(0)
    expect(cluster.peek('orders')).toHaveLength(1)
  })
})

describe('a check-back', () => {
  it('asks a producer of the group one-way, with the half message as if it stood in its real place', async () => {
    const { cluster, broker } = await aTransactionBroker()
    const place = placeOf(await broker.ask(SEND, half(), 'maybe'))
    await joinAs(broker, 'p1')
    await eventually(() => checksOf(broker).length > 0, 'it is asked')
    const [check] = checksOf(broker)
    expect(check).toMatchObject({ flag: 2, fields: { topic: HALF_TOPIC, msgId: 'U', transactionId: 'U' } })
    const [message] = readStoredMessages(check!.body).messages
    expect(message).toMatchObject({ topic: 'orders', queueId: 1, sysFlag: 0, bornTimestamp: BORN })
    expect(message?.storedBody.toString()).toBe('maybe')
    expect(message?.properties).toMatchObject({ PGROUP: 'tx', REAL_TOPIC: 'orders' })
    expect(Number(message?.properties['TRANSACTION_CHECK_TIMES'])).toBeGreaterThan(0)
    expect(check?.fields['commitLogOffset']).not.toBe(place.commitLogOffset) // a copy of it
    const { tranStateTableOffset = '', commitLogOffset = '' } = check?.fields ?? {}
    const end = ending(COMMIT, { tranStateTableOffset, commitLogOffset }, { fromTransactionCheck: 'true' })
    expect((await broker.ask(END, end)).code).toBe(0)
    await broker.ask(END, ending(COMMIT, place)) // the first place still counts, and is the same transaction
    expect(cluster.peek('orders')).toHaveLength(1)
  })

  it('stops when the transaction is over', async () => {
    const { broker } = await aTransactionBroker()
    await joinAs(broker, 'p1')
    const place = placeOf(await broker.ask(SEND, half(), 'no'))
    await eventually(() => checksOf(broker).length > 0, 'it is asked')
    await broker.ask(END, ending(ROLLBACK, place))
    const asked = checksOf(broker).length
    await sleep(80)
    expect(checksOf(broker)).toHaveLength(asked)
  })

  it('goes to the members of the group in turn, and to no other', async () => {
    const { cluster, broker } = await aTransactionBroker()
    const [second, stranger] = [await anAsker(cluster.brokers[0]), await anAsker(cluster.brokers[0])]
    await joinAs(broker, 'p1')
    await joinAs(second, 'p2')
    await joinAs(stranger, 'p3', 'others')
    await broker.ask(SEND, half(), 'maybe')
    await eventually(() => checksOf(broker).length + checksOf(second).length >= 4, 'both are asked')
    expect(Math.abs(checksOf(broker).length - checksOf(second).length)).toBeLessThanOrEqual(1)
    expect(checksOf(stranger)).toEqual([])
  })

  it('survives the death of its broker, and asks whoever has come since', async () => {
    const { cluster, broker } = await aTransactionBroker({ transactionCheckIntervalMs: 200 })
    const place = placeOf(await broker.ask(SEND, half(), 'maybe'))
    await cluster.killBroker()
    await cluster.restartBroker()
    const again = await anAsker(cluster.brokers[0])
    await joinAs(again, 'p1')
    await eventually(() => checksOf(again).length > 0, 'it is asked')
    expect((await again.ask(END, ending(COMMIT, place))).code).toBe(0)
    expect(cluster.peek('orders')).toHaveLength(1)
  })

  it.each<[string, EmbeddedClusterOptions, number, number, Fields]>([
    ['by default at 30 s and every 30 s, fifteen times', {}, 30_000, 15, {}],
    ['as often as it is told', { transactionCheckIntervalMs: 1_000, transactionCheckMax: 2 }, 7_000, 2, {}],
    ['later, where the message asks for it', {}, 90_000, 15, { CHECK_IMMUNITY_TIME_IN_SECONDS: '61' }],
  ])('comes %s, then the message is given up', async (_, options, firstMs, times, properties) => {
    const { scheduler, advanceTo } = virtualClock()
    const { cluster, broker } = await aBroker({ topics: { orders: 2 }, scheduler, idleMs: 1e9, ...options })
    const periodMs = options.transactionCheckIntervalMs ?? 30_000
    await broker.ask(SEND, { ...half(properties), g: '0' }, 'maybe') // born at 0
    const asked = () => cluster.peek(HALF_TOPIC).length - 1
    advanceTo(firstMs - 1)
    expect(asked()).toBe(0)
    for (let n = 1; n <= times; n++) {
      advanceTo(firstMs + (n - 1) * periodMs)
      expect(asked()).toBe(n)
    }
    expect(cluster.peek(HALF_TOPIC).at(-1)?.properties['TRANSACTION_CHECK_TIMES']).toBe(String(times))
    advanceTo(firstMs + times * periodMs)
    expect(asked()).toBe(times)
    const [given] = cluster.peek('TRANS_CHECK_MAX_TIME_TOPIC')
    expect(given?.properties).toMatchObject({ REAL_TOPIC: 'orders', TRANSACTION_CHECK_TIMES: String(times) })
    advanceTo(firstMs + (times + 5) * periodMs)
    expect([asked(), cluster.peek('TRANS_CHECK_MAX_TIME_TOPIC').length]).toEqual([times, 1])
    expect(cluster.peek('orders')).toEqual([])
  })
})
