import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aCluster } from '../embedded/cluster.ts'
import { javaQueueOf } from '../support/java-hash.ts'
import { askOk } from './ask.ts'
import { type JavaConsumer, type JavaProgram, startJava } from './java-client.ts'

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)
const bodiesOf = (consumer: JavaConsumer): string[] => consumer.received.map(({ body }) => body.toString())
/** Java consumers start, share out and commit within seconds. */
const SOON = { timeout: 20_000 }

describe.each(['4.9.7', '5.3.3'])('the official Java client %s on the embedded broker', version => {
  let java: JavaProgram
  beforeAll(async () => {
    java = await startJava(version)
  })
  afterAll(() => java.stop())

  const aClient = async (topics: Readonly<Record<string, number>>) => {
    const cluster = await aCluster({ topics, delayLevels: Array.from({ length: 18 }, () => '200ms').join(' ') })
    return { cluster, client: java.clientOf(cluster) }
  }

  it('creates a topic', async () => {
    const { cluster, client } = await aClient({})
    await client.createTopic('made', 3)
    const { body } = await askOk(cluster.nameServers[0]!, 105, { ext: { topic: 'made' } })
    const { queueDatas } = JSON.parse(body.toString()) as { queueDatas: unknown }
    expect(queueDatas).toMatchObject([{ readQueueNums: 3, writeQueueNums: 3, perm: 6 }])
  })

  it('sends a message and is told where it is', async () => {
    const { cluster, client } = await aClient({ orders: 4 })
    const properties = { origin: 'web', ключ: 'значение' }
    const [sent] = await client.send({ topic: 'orders', tag: 'new', keys: ['k1', 'k2'], properties, body: '東京' })
    expect(sent).toMatchObject({ status: 'SEND_OK', brokerName: 'broker-a', queueOffset: 0 })
    const [stored] = cluster.peek('orders')
    expect(stored?.storedBody.toString()).toBe('東京')
    expect(stored).toMatchObject({ queueId: sent!.queueId, sysFlag: 0 })
    expect(stored?.properties).toMatchObject({ ...properties, TAGS: 'new', KEYS: 'k1 k2', UNIQ_KEY: sent!.messageId })
  })

  it('sends to a topic that does not exist yet, and creates it', async () => {
    const { cluster, client } = await aClient({})
    await client.send({ topic: 'fresh', body: 'x' })
    expect(cluster.peek('fresh')).toHaveLength(1)
  })

  it('sends one-way', async () => {
    const { cluster, client } = await aClient({ orders: 1 })
    await client.sendOneway(...upTo(5).map(n => ({ topic: 'orders', body: `${n}` })))
    await expect.poll(() => cluster.peek('orders').length, SOON).toBe(5)
  })

  it('sends each sharding key to the queue that its hash chooses', async () => {
    const { client } = await aClient({ orders: 5 })
    const keys = [...upTo(20).map(n => `customer-${n}`), 'ключ', 'polygenelubricants']
    const sent = await client.send(...keys.map(shardKey => ({ topic: 'orders', shardKey, body: shardKey })))
    expect(sent.map(({ queueId }) => queueId)).toEqual(keys.map(key => javaQueueOf(key, 5)))
  })

  it('sends a large body compressed, and receives it whole', async () => {
    const { cluster, client } = await aClient({ orders: 1 })
    const body = 'a large body '.repeat(1_000)
    await client.send({ topic: 'orders', body })
    const [stored] = cluster.peek('orders')
    expect(stored!.sysFlag & 1).toBe(1)
    expect(stored!.storedBody.length).toBeLessThan(1_000)
    const consumer = await client.consume({ group: 'g', topic: 'orders' })
    await expect.poll(() => bodiesOf(consumer), SOON).toEqual([body])
    await consumer.stop()
  })

  it('sends a batch, whose members are received one by one', async () => {
    const { cluster, client } = await aClient({ orders: 4 })
    const members = upTo(3).map(n => ({ topic: 'orders', tag: `t${n}`, body: `member ${n}` }))
    const sent = await client.sendBatch(...members)
    expect(sent).toMatchObject({ status: 'SEND_OK', queueOffset: 0 })
    expect(sent.offsetMessageId.split(',')).toHaveLength(3)
    expect(cluster.peek('orders').map(({ queueId }) => queueId)).toEqual(upTo(3).map(() => sent.queueId))
    const consumer = await client.consume({ group: 'g', topic: 'orders' })
    await expect.poll(() => bodiesOf(consumer).sort(), SOON).toEqual(members.map(({ body }) => body))
    const tagOf = new Map(consumer.received.map(({ body, tag }) => [body.toString(), tag]))
    expect(members.map(({ body }) => tagOf.get(body))).toEqual(members.map(({ tag }) => tag))
    await consumer.stop()
  })

  it('finds a message by its unique id and by its offset id', async () => {
    const { client } = await aClient({ orders: 4 })
    const sent = await client.send(...upTo(3).map(n => ({ topic: 'orders', body: `${n}` })))
    for (const id of [sent[1]!.messageId, sent[1]!.offsetMessageId]) {
      expect((await client.find('orders', id)).body.toString()).toBe('1')
    }
  })

  it('consumes what it subscribed to, once each', async () => {
    const { client } = await aClient({ orders: 4 })
    const consumer = await client.consume({ group: 'g', topic: 'orders', tags: 'even || odd' })
    const tags = ['even', 'odd', 'other']
    await client.send(...upTo(60).map(n => ({ topic: 'orders', tag: tags[n % 3]!, body: `${n}` })))
    const wanted = upTo(60).filter(n => n % 3 !== 2)
    await expect.poll(() => consumer.received.length, SOON).toBe(wanted.length)
    expect(
      bodiesOf(consumer)
        .map(Number)
        .sort((a, b) => a - b),
    ).toEqual(wanted)
    await consumer.stop()
  })

  it('consumes in order, one member a queue, and gives the lock back when it leaves', async () => {
    const { cluster, client } = await aClient({ orders: 2 })
    const bodies = upTo(40).map(n => `${n}`)
    await client.send(...bodies.map(body => ({ topic: 'orders', shardKey: body, body })))
    const consumer = await client.consume({ group: 'g', topic: 'orders', orderly: true, failOnce: '7' })
    await expect.poll(() => consumer.received.length, SOON).toBe(41)
    const queueOf = (body: string) => javaQueueOf(body, 2)
    for (const queueId of upTo(2)) {
      const inQueue = bodies.filter(body => queueOf(body) === queueId)
      const expected = inQueue.flatMap(body => (body === '7' ? ['7', '7'] : [body])) // it waits for what failed
      const got = consumer.received.filter(message => message.queueId === queueId)
      expect(got.map(({ body }) => body.toString())).toEqual(expected)
    }
    const grantedToOthers = async () => {
      const mqSet = upTo(2).map(queueId => ({ topic: 'orders', brokerName: 'broker-a', queueId }))
      const body = JSON.stringify({ consumerGroup: 'g', clientId: 'another', mqSet })
      const answer = await askOk(cluster.brokers[0]!, 41, { body })
      return (JSON.parse(answer.body.toString()) as { lockOKMQSet: unknown[] }).lockOKMQSet.length
    }
    expect(await grantedToOthers()).toBe(0)
    // A second after its start a 5.3 client locks its queues again, even if it has been stopped meanwhile.
    await sleep(1_500)
    await consumer.stop()
    await expect.poll(grantedToOthers, SOON).toBe(2)
  })

  it('filters by SQL, and is told at its start what cannot be read', async () => {
    const { client } = await aClient({ orders: 1 })
    const sent = upTo(4).map(n => ({ topic: 'orders', body: `${n}`, properties: { a: `${n}` } }))
    await client.send(...sent)
    const consumer = await client.consume({ group: 'g', topic: 'orders', sql: 'a > 1' })
    await expect.poll(() => consumer.received.map(({ body }) => body.toString()).sort(), SOON).toEqual(['2', '3'])
    await consumer.stop()
    await expect(client.consume({ group: 'h', topic: 'orders', sql: 'a >' })).rejects.toThrow(
      /SQL|expression|subscription/i,
    )
  })

  it('gets a message that it could not handle again, and the others meanwhile', async () => {
    const { client } = await aClient({ orders: 1 })
    await client.send(...['a', 'fails', 'b'].map(body => ({ topic: 'orders', body })))
    const consumer = await client.consume({ group: 'g', topic: 'orders', failOnce: 'fails' })
    const deliveries = () => consumer.received.map(({ body, reconsumeTimes }) => `${body.toString()} ${reconsumeTimes}`)
    await expect.poll(() => deliveries().sort(), SOON).toEqual(['a 0', 'b 0', 'fails 0', 'fails 1'])
    expect(consumer.received.at(-1)).toMatchObject({ topic: 'orders' })
    await consumer.stop()
  })

  it('goes on where its group has committed', async () => {
    const { cluster, client } = await aClient({ orders: 2 })
    const send = (bodies: readonly string[]) => client.send(...bodies.map(body => ({ topic: 'orders', body })))
    const committed = () =>
      [...cluster.offsets('g', 'orders').values()].reduce((sum, offset) => sum + Number(offset), 0)
    await send(upTo(10).map(n => `old ${n}`))
    const first = await client.consume({ group: 'g', topic: 'orders' })
    await expect.poll(() => first.progress(), SOON).toBe(10)
    await first.stop()
    expect(committed()).toBe(10)
    const later = upTo(10).map(n => `new ${n}`)
    await send(later)
    const second = await client.consume({ group: 'g', topic: 'orders' })
    await expect.poll(() => second.progress(), SOON).toBe(20)
    expect(bodiesOf(first)).toHaveLength(10)
    expect(bodiesOf(second).sort()).toEqual(later)
    await second.stop()
  })

  // 5.x consumers may leave it to the broker.
  const ways = version.startsWith('5.') ? ['by themselves', 'by the broker'] : ['by themselves']
  it.each(ways)('shares the queues of a topic with another member, dealt out %s', async way => {
    const { client } = await aClient({ orders: 4 })
    const options = { group: 'g', topic: 'orders', ...(way === 'by the broker' ? { brokerRebalance: true } : {}) }
    const [first, second] = [await client.consume(options), await client.consume(options)]
    const shares = async () => [await first.queues(), await second.queues()]
    await expect.poll(async () => (await shares()).map(queues => queues.length), SOON).toEqual([2, 2])
    expect((await shares()).flat().sort()).toEqual(upTo(4).map(id => `broker-a/${id}`))
    const bodies = upTo(80).map(n => `${n}`)
    await client.send(...bodies.map(body => ({ topic: 'orders', body })))
    await expect.poll(() => first.received.length + second.received.length, SOON).toBe(80)
    expect([...bodiesOf(first), ...bodiesOf(second)].sort()).toEqual(bodies.toSorted())
    expect(Math.min(first.received.length, second.received.length)).toBeGreaterThan(0)
    await second.stop()
    await expect.poll(() => first.queues(), SOON).toHaveLength(4)
    await first.stop()
  })
})
