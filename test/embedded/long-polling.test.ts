import { describe, expect, it } from 'vitest'
import { encodeFrame } from '../../src/protocol/frames/frame-codec.ts'
import { onewayFrame } from '../../src/protocol/frames/frame.ts'
import { aBroker, anAsker, eventually, sleep } from './cluster.ts'
import { bodiesOf, heartbeat, messagesOf, pullFields, sendFields } from './requests.ts'

const SEND = 310
const PULL = 11
const RUNTIME_INFO = 28

const held = async (broker: { ask: (code: number) => Promise<{ body: Buffer }> }): Promise<number> => {
  const { table } = JSON.parse((await broker.ask(RUNTIME_INFO)).body.toString()) as { table: Record<string, string> }
  return Number(table['pullRequestsHeld'])
}

describe('a pull that finds nothing', () => {
  it('is held and answered as soon as a message arrives', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    let answered = false
    const pull = broker.ask(PULL, pullFields('orders', 0, { holdMs: 10_000 }))
    void pull.then(() => {
      answered = true
    })
    await sleep(30)
    expect(answered).toBe(false)
    const startedMs = performance.now()
    await broker.ask(SEND, sendFields('orders', 0), 'news')
    const answer = await pull
    expect(performance.now() - startedMs).toBeLessThan(2_000)
    expect(answer.code).toBe(0)
    expect(bodiesOf(answer)).toEqual(['news'])
  })

  it('gets all messages of a burst in one answer', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    const consumer = await anAsker(cluster.brokers[0])
    const pull = consumer.ask(PULL, pullFields('orders', 0, { holdMs: 10_000 }))
    await eventually(async () => (await held(broker)) === 1, 'the pull is held')
    const burst = ['a', 'b', 'c'].map(body =>
      encodeFrame(onewayFrame(SEND, { fields: sendFields('orders', 0), body: Buffer.from(body) })),
    )
    broker.write(Buffer.concat(burst))
    expect(bodiesOf(await pull)).toEqual(['a', 'b', 'c'])
  })

  it('is answered with 19 exactly when its time is over', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    const startedMs = performance.now()
    const answer = await broker.ask(PULL, pullFields('orders', 0, { holdMs: 120 }))
    const tookMs = performance.now() - startedMs
    expect(answer.code).toBe(19)
    expect(answer.fields['nextBeginOffset']).toBe('0')
    expect(tookMs).toBeGreaterThanOrEqual(118)
    expect(tookMs).toBeLessThan(2_000)
  })

  it('is answered at once when it does not ask to be held', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    const fields = { ...pullFields('orders', 0, { holdMs: 3_000 }), sysFlag: '4' }
    const startedMs = performance.now()
    expect((await broker.ask(PULL, fields)).code).toBe(19)
    expect(performance.now() - startedMs).toBeLessThan(2_000)
  })

  it('is answered at once when its offset is outside the queue', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    expect((await broker.ask(PULL, pullFields('orders', 0, { offset: 3, holdMs: 3_000 }))).code).toBe(21)
  })

  it('stays held while only messages of other tags arrive, and then passes over them', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    const pull = broker.ask(PULL, pullFields('orders', 0, { holdMs: 200, subscription: 'TagA' }))
    const startedMs = performance.now()
    await broker.ask(SEND, sendFields('orders', 0, { TAGS: 'TagB' }), 'noise')
    const answer = await pull
    expect(performance.now() - startedMs).toBeGreaterThan(150)
    expect(answer.code).toBe(20)
    expect(answer.fields['nextBeginOffset']).toBe('1')
  })

  it('wakes for the first message of its tag', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    const pull = broker.ask(PULL, pullFields('orders', 0, { holdMs: 10_000, subscription: 'TagA' }))
    await broker.ask(SEND, sendFields('orders', 0, { TAGS: 'TagB' }), 'noise')
    await broker.ask(SEND, sendFields('orders', 0, { TAGS: 'TagA' }), 'signal')
    const answer = await pull
    expect(bodiesOf(answer)).toEqual(['signal'])
    expect(answer.fields['nextBeginOffset']).toBe('2')
  })

  it('commits only once, when it arrives and not again when it wakes', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    await broker.ask(34, {}, heartbeat('c', 'g', { orders: '*' }))
    const pull = broker.ask(PULL, pullFields('orders', 0, { holdMs: 10_000, commit: 5, group: 'g' }))
    await broker.ask(15, { consumerGroup: 'g', topic: 'orders', queueId: '0', commitOffset: '9' })
    await broker.ask(SEND, sendFields('orders', 0), 'x')
    await pull
    expect([...cluster.offsets('g', 'orders')]).toEqual([[0, '9']])
  })

  it('is forgotten when its connection closes', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    const consumer = await anAsker(cluster.brokers[0])
    consumer.ask(PULL, pullFields('orders', 0, { holdMs: 10_000 })).catch(() => undefined)
    await eventually(async () => (await held(broker)) === 1, 'the pull is held')
    consumer.close()
    await eventually(async () => (await held(broker)) === 0, 'the held pull is forgotten')
  })

  it('sees that its group left meanwhile', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    const member = await anAsker(cluster.brokers[0])
    await member.ask(34, {}, heartbeat('c', 'g', { orders: '*' }))
    const pull = broker.ask(PULL, { ...pullFields('orders', 0, { group: 'g', holdMs: 10_000 }), sysFlag: '2' })
    await eventually(async () => (await held(broker)) === 1, 'the pull is held')
    await member.ask(35, { clientID: 'c', consumerGroup: 'g' })
    await broker.ask(SEND, sendFields('orders', 0), 'x')
    expect((await pull).code).toBe(24)
  })

  it('wakes for a message that comes back from its delay', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 }, delayLevels: '60ms' })
    const pull = broker.ask(PULL, pullFields('orders', 0, { holdMs: 10_000 }))
    await broker.ask(SEND, sendFields('orders', 0, { DELAY: '1' }), 'later')
    expect(messagesOf(await pull).map(message => message.storedBody.toString())).toEqual(['later'])
  })
})
