import { describe, expect, it } from 'vitest'
import { encodeFrame } from '../../src/protocol/frames/frame-codec.ts'
import { requestFrame } from '../../src/protocol/frames/frame.ts'
import { aBroker, aCluster, anAsker, eventually, sleep } from './cluster.ts'
import { heartbeat, messagesOf, pullFields, sendFields } from './requests.ts'
import { virtualClock } from './virtual-clock.ts'

const SEND = 310
const PULL = 11

const announcing = (bytes: number): Buffer => {
  const prefix = Buffer.alloc(4)
  prefix.writeInt32BE(bytes)
  return prefix
}

describe('the embedded servers', () => {
  it('answer a code they do not know with 3, and name it', async () => {
    const { broker } = await aBroker()
    const answer = await broker.ask(200_056)
    expect(answer.code).toBe(3)
    expect(answer.remark).toContain('200056')
  })

  it('never answer a one-way request, not even with an error', async () => {
    const { broker } = await aBroker()
    const seen: number[] = []
    broker.tell(SEND, sendFields('SCHEDULE_TOPIC_XXXX', 0), 'x')
    broker.tell(12_345)
    seen.push((await broker.ask(28)).opaque)
    await sleep(20)
    expect(seen).toEqual([1])
    expect(broker.unasked()).toBe(0)
  })

  it('answer a failure inside a handler with 1 and what went wrong', async () => {
    const { broker } = await aBroker()
    const answer = await broker.ask(34, {}, 'this is no heartbeat')
    expect(answer.code).toBe(1)
    expect(answer.remark).not.toBe('')
    expect((await broker.ask(28)).code).toBe(0)
  })

  it('read the binary form of a header and answer in JSON', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    const request = requestFrame(SEND, { fields: sendFields('orders', 0), body: Buffer.from('x'), opaque: 4_711 })
    broker.write(encodeFrame(request, 'binary'))
    await broker.ask(28)
    expect(cluster.peek('orders')).toHaveLength(1)
    expect(broker.unasked()).toBe(1)
  })

  it.each([
    ['whose header is no JSON', Buffer.concat([announcing(8), announcing(4), Buffer.from('oops')])],
    ['whose header ends behind it', Buffer.concat([announcing(8), announcing(400), Buffer.from('{}{}')])],
    ['that announces a negative length', announcing(-1)],
    ['of more than 16 MiB', announcing(16_777_213)],
    ['that is an HTTP request', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ])('close the connection of a frame %s, and no other', async (_, bytes) => {
    const { cluster, broker } = await aBroker()
    const vandal = await anAsker(cluster.brokers[0])
    vandal.write(bytes)
    await vandal.closed
    expect((await broker.ask(28)).code).toBe(0)
  })

  it('read a frame of almost 16 MiB that arrives in many pieces', async () => {
    const { broker } = await aBroker()
    expect((await broker.ask(99, {}, Buffer.alloc(16_700_000))).code).toBe(3)
  })

  it('answer everything that arrives together', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    const answers = await Promise.all(
      Array.from({ length: 500 }, (_, index) => broker.ask(SEND, sendFields('orders', 0), String(index))),
    )
    expect(answers.map(answer => Number(answer.fields['queueOffset']))).toEqual(answers.map((_, index) => index))
  })

  it('lose nothing on a client that reads its answers late', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    await broker.ask(SEND, sendFields('orders', 0), 'x'.repeat(250_000))
    broker.pauseReading()
    // 25 MB of answers: more than sockets buffer, and more than the server lets wait.
    const pulls = Array.from({ length: 100 }, () => broker.ask(PULL, pullFields('orders', 0)))
    await sleep(150)
    broker.resumeReading()
    const answers = await Promise.all(pulls)
    expect(answers.every(answer => messagesOf(answer)[0]?.storedBody.length === 250_000)).toBe(true)
  })

  it('do not let a client that reads nothing fill their memory', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    await broker.ask(SEND, sendFields('orders', 0), 'x'.repeat(250_000))
    const greedy = await anAsker(cluster.brokers[0])
    greedy.pauseReading()
    const pull = encodeFrame(requestFrame(PULL, { fields: pullFields('orders', 0), opaque: 1 }))
    const before = process.memoryUsage().arrayBuffers + process.memoryUsage().external
    for (let i = 0; i < 4_000; i++) greedy.write(pull)
    await sleep(200)
    const grown = process.memoryUsage().arrayBuffers + process.memoryUsage().external - before
    expect(grown).toBeLessThan(100_000_000)
    expect((await broker.ask(28)).code).toBe(0)
  })

  it('close a connection on which nothing was read or written for the idle time, and not before', async () => {
    const { scheduler, advanceTo } = virtualClock()
    const { broker } = await aBroker({ scheduler, idleMs: 1_000 })
    for (const ms of [600, 1_200, 2_100]) {
      await broker.ask(28)
      advanceTo(ms)
    }
    expect((await broker.ask(28)).code).toBe(0)
    advanceTo(3_099)
    expect((await broker.ask(28)).code).toBe(0)
    advanceTo(4_099)
    await broker.closed
  })

  it('keep a connection that only sends one-way requests', async () => {
    const { scheduler, advanceTo } = virtualClock()
    const { cluster, broker } = await aBroker({ scheduler, idleMs: 1_000, topics: { orders: 1 } })
    for (const [index, ms] of [600, 1_200, 1_800].entries()) {
      broker.tell(SEND, sendFields('orders', 0), 'x')
      await eventually(() => cluster.peek('orders').length === index + 1, 'the one-way message is stored')
      advanceTo(ms)
    }
    expect((await broker.ask(28)).code).toBe(0)
  })

  it('throw a member out that has sent no heartbeat for two minutes', async () => {
    const { scheduler, advanceTo } = virtualClock()
    const { broker } = await aBroker({ scheduler, idleMs: 10_000_000 })
    await broker.ask(34, {}, heartbeat('c', 'g', { orders: '*' }))
    advanceTo(120_000)
    expect((await broker.ask(38, { consumerGroup: 'g' })).code).toBe(0)
    advanceTo(130_000)
    await broker.closed
  })
})

describe('faults', () => {
  it('refuse a code as often as asked, without carrying it out', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    cluster.faults.refuse(SEND, 2, 2)
    const codes = []
    for (let i = 0; i < 3; i++) codes.push((await broker.ask(SEND, sendFields('orders', 0), 'x')).code)
    expect(codes).toEqual([2, 2, 0])
    expect(cluster.peek('orders')).toHaveLength(1)
  })

  it('refuse until they are cleared when no number is given', async () => {
    const { cluster, broker } = await aBroker()
    cluster.faults.refuse(28, 14)
    for (let i = 0; i < 5; i++) expect((await broker.ask(28)).code).toBe(14)
    cluster.faults.clear()
    expect((await broker.ask(28)).code).toBe(0)
  })

  it('lose the answer of what was carried out', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    cluster.faults.dropReplies(SEND, 1)
    let answered = false
    const markAnswered = () => {
      answered = true
    }
    void broker.ask(SEND, sendFields('orders', 0), 'lost').then(markAnswered, () => undefined)
    expect((await broker.ask(SEND, sendFields('orders', 0), 'found')).fields['queueOffset']).toBe('1')
    expect(cluster.peek('orders')).toHaveLength(2)
    expect(answered).toBe(false)
  })

  it('delay the answer of what was carried out at once', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    cluster.faults.delayReplies(SEND, 120, 1)
    const startedMs = performance.now()
    const answer = broker.ask(SEND, sendFields('orders', 0), 'slow')
    await broker.ask(28)
    expect(cluster.peek('orders')).toHaveLength(1)
    expect((await answer).code).toBe(0)
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(118)
  })

  it('close the connection before the request is carried out', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    cluster.faults.closeOn(SEND, 1)
    broker.tell(SEND, sendFields('orders', 0), 'x')
    await broker.closed
    expect(cluster.peek('orders')).toEqual([])
  })

  it('answer bytes that are no frame', async () => {
    const { cluster, broker } = await aBroker()
    cluster.faults.garble(28, 1)
    void broker.ask(28).catch(() => undefined)
    await broker.broken
  })

  it('reach the name server too', async () => {
    const cluster = await aCluster()
    const nameServer = await anAsker(cluster.nameServers[0])
    cluster.faults.refuse(105, 1, 1)
    expect((await nameServer.ask(105, { topic: 'TBW102' })).code).toBe(1)
  })
})
