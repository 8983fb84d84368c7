import { describe, expect, it } from 'vitest'
import type { Asker } from './asker.ts'
import { aBroker } from './cluster.ts'
import { bodiesOf, heartbeat, messagesOf, pullFields, sendFields } from './requests.ts'

const SEND = 310
const PULL = 11
const LITE_PULL = 361

const sendAll = async (broker: Asker, topic: string, bodies: readonly string[], tag?: string): Promise<void> => {
  for (const body of bodies) {
    const answer = await broker.ask(SEND, sendFields(topic, 0, tag === undefined ? {} : { TAGS: tag }), body)
    expect(answer.code).toBe(0)
  }
}

describe('pulling from the embedded broker', () => {
  it('gives messages in order and says where to go on', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    await sendAll(broker, 'orders', ['a', 'b', 'c'])
    const answer = await broker.ask(PULL, pullFields('orders', 0, { offset: 1 }))
    expect(answer).toMatchObject({ code: 0, remark: 'FOUND' })
    expect(answer.fields).toEqual({
      suggestWhichBrokerId: '0',
      nextBeginOffset: '3',
      minOffset: '0',
      maxOffset: '3',
      topicSysFlag: '0',
      groupSysFlag: '0',
    })
    expect(bodiesOf(answer)).toEqual(['b', 'c'])
    expect(messagesOf(answer).map(message => message.queueOffset.toString())).toEqual(['1', '2'])
  })

  it('carries out a lite pull as a pull', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    await sendAll(broker, 'orders', ['a'])
    expect(bodiesOf(await broker.ask(LITE_PULL, pullFields('orders', 0)))).toEqual(['a'])
  })

  it('never gives more than 32 messages, however many are asked for', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    await sendAll(
      broker,
      'orders',
      Array.from({ length: 40 }, (_, index) => String(index)),
    )
    const first = await broker.ask(PULL, pullFields('orders', 0, { max: 1_024 }))
    expect(messagesOf(first)).toHaveLength(32)
    expect(first.fields['nextBeginOffset']).toBe('32')
    const five = await broker.ask(PULL, pullFields('orders', 0, { offset: 32, max: 5 }))
    expect(bodiesOf(five)).toEqual(['32', '33', '34', '35', '36'])
  })

  it('stops before 256 KiB, but always gives the first message', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    await sendAll(broker, 'orders', ['x'.repeat(300_000), 'y'.repeat(130_000), 'z'.repeat(130_000), 't'.repeat(3_000)])
    const first = await broker.ask(PULL, pullFields('orders', 0))
    expect(messagesOf(first).map(message => message.storedBody.length)).toEqual([300_000])
    const second = await broker.ask(PULL, pullFields('orders', 0, { offset: 1 }))
    expect(messagesOf(second).map(message => message.storedBody.length)).toEqual([130_000, 130_000])
    expect(second.fields['nextBeginOffset']).toBe('3')
  })

  it('filters by the hash of the tag', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    await sendAll(broker, 'orders', ['a'], 'TagA')
    await sendAll(broker, 'orders', ['untagged'])
    await sendAll(broker, 'orders', ['b'], 'BB')
    await sendAll(broker, 'orders', ['c'], 'TagC')
    const some = await broker.ask(PULL, pullFields('orders', 0, { subscription: 'TagA || Aa' }))
    expect(bodiesOf(some)).toEqual(['a', 'b'])
    expect(some.fields['nextBeginOffset']).toBe('4')
    const none = await broker.ask(PULL, pullFields('orders', 0, { subscription: 'TagX' }))
    expect(none).toMatchObject({ code: 20, remark: 'NO_MATCHED_MESSAGE' })
    expect(none.fields['nextBeginOffset']).toBe('4')
    expect(none.body).toHaveLength(0)
  })

  it('looks at 800 messages at most before it answers', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    await Promise.all(
      Array.from({ length: 900 }, () => broker.ask(SEND, sendFields('orders', 0, { TAGS: 'noise' }), 'x')),
    )
    await sendAll(broker, 'orders', ['needle'], 'rare')
    const first = await broker.ask(PULL, pullFields('orders', 0, { subscription: 'rare' }))
    expect(first.code).toBe(20)
    expect(first.fields['nextBeginOffset']).toBe('800')
    const second = await broker.ask(PULL, pullFields('orders', 0, { offset: 800, subscription: 'rare' }))
    expect(bodiesOf(second)).toEqual(['needle'])
  })

  it('tells an offset outside the queue from one that is merely not reached', async () => {
    // Four records of 200 bytes of body: the store keeps the last two or three.
    const { cluster, broker } = await aBroker({ topics: { orders: 2 }, maxStoreBytes: 900 })
    await sendAll(
      broker,
      'orders',
      ['1', '2', '3', '4'].map(digit => digit.repeat(200)),
    )
    const min = Number(cluster.peek('orders')[0]!.queueOffset.toString())
    expect(min).toBeGreaterThan(0)
    const outcomes = []
    for (const [queueId, offset] of [
      [0, 0],
      [0, 4],
      [0, 5],
      [0, '9223372036854775807'],
      [0, -1],
      [1, 0],
      [1, 7],
    ] as const) {
      const answer = await broker.ask(PULL, pullFields('orders', queueId, { offset }))
      outcomes.push([answer.code, answer.remark, answer.fields['nextBeginOffset']])
    }
    expect(outcomes).toEqual([
      [21, 'OFFSET_TOO_SMALL', String(min)],
      [19, 'OFFSET_OVERFLOW_ONE', '4'],
      [21, 'OFFSET_OVERFLOW_BADLY', '4'],
      [21, 'OFFSET_OVERFLOW_BADLY', '4'],
      [21, 'OFFSET_TOO_SMALL', String(min)],
      [19, 'NO_MESSAGE_IN_QUEUE', '0'],
      [21, 'OFFSET_OVERFLOW_BADLY', '0'],
    ])
  })

  it('commits with a pull before it answers, whatever the outcome', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    await sendAll(broker, 'orders', ['a'])
    await broker.ask(PULL, pullFields('orders', 0, { offset: 9, commit: 7, group: 'g' }))
    expect([...cluster.offsets('g', 'orders')]).toEqual([[0, '7']])
  })
})

describe('the embedded broker refuses a pull', () => {
  it.each<[string, number, Record<string, string>]>([
    ['of a topic that does not exist', 17, pullFields('nowhere', 0)],
    ['of a queue that the topic does not have', 29, pullFields('orders', 1)],
    ['of a negative queue', 29, pullFields('orders', -1)],
    ['of a group with an impossible name', 26, pullFields('orders', 0, { group: 'a group' })],
    ['with a subscription of nothing but separators', 23, pullFields('orders', 0, { subscription: '||' })],
    ['whose offset is no number', 1, pullFields('orders', 0, { offset: 'first' })],
  ])('%s with code %i', async (_, code, fields) => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    const answer = await broker.ask(PULL, fields)
    expect(answer.code).toBe(code)
    expect(answer.remark).not.toBe('')
  })

  it('of a group that has sent no heartbeat, or none for that topic, or an older one', async () => {
    const { broker } = await aBroker({ topics: { orders: 1, others: 1 } })
    const pull = (topic: string, subVersion: string) =>
      broker.ask(PULL, { ...pullFields(topic, 0, { group: 'g' }), sysFlag: '0', subVersion })
    const before = await pull('orders', '0')
    await broker.ask(34, {}, heartbeat('c1', 'g', { orders: '*' }))
    const codes = [before, await pull('orders', '1'), await pull('others', '1'), await pull('orders', '2')]
    expect(codes.map(answer => answer.code)).toEqual([24, 19, 24, 25])
  })

  it('of a group that may not consume, and says that it is the group', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    await broker.ask(200, {}, JSON.stringify({ groupName: 'idlers', consumeEnable: false }))
    const answer = await broker.ask(PULL, pullFields('orders', 0, { group: 'idlers' }))
    expect(answer).toMatchObject({ code: 16, fields: { forbiddenType: '2' } })
  })
})
