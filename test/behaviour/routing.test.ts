import { BehaviorSubject, lastValueFrom, map, range, toArray } from 'rxjs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { codecs, createRouteCoordinator, message, topic } from '../../src/index.ts'
import type { MessageOptions, Producer, ProducerOptions, Select, Topic } from '../../src/index.ts'
import { failureOf } from '../support/failure.ts'
import { firstWhere } from '../support/first-where.ts'
import { javaQueueOf } from '../support/java-hash.ts'
import { eventsOf, ofType, PATIENT, quietClient } from '../support/quiet-client.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget({ brokers: 2 })
})
afterAll(() => cluster.stop())

const texts = async (queues = 2) => {
  const created = topic(unique('texts'), codecs.text)
  await cluster.createTopic(created.name, { queues })
  return created
}
const A = 'broker-a'
const B = 'broker-b'

/** Sends so many, one after the other, and tells where each one went: `broker-a:0`. */
const spread = async (
  producer: Producer,
  to: Topic<string, string>,
  count: number,
  options: MessageOptions = {},
): Promise<readonly string[]> => {
  const sends$ = range(0, count).pipe(producer.sendAll(n => message(to, `m${n}`, options), { concurrency: 1 }))
  return lastValueFrom(
    sends$.pipe(
      map(({ result: { queue } }) => `${queue.brokerName}:${queue.queueId}`),
      toArray(),
    ),
  )
}
const brokersOf = (where: readonly string[]): readonly string[] =>
  [...new Set(where.map(each => each.split(':')[0] ?? ''))].sort()
const patient = (more: ProducerOptions = {}): ProducerOptions => ({ ...PATIENT, ...more })

it('messages go to every queue of every broker in turn', async () => {
  const to = await texts()
  await using client = quietClient(cluster)
  const producer = client.producer(patient())
  const where = await spread(producer, to, 8)
  const all = [`${A}:0`, `${A}:1`, `${B}:0`, `${B}:1`]
  expect([...where.slice(0, 4)].sort()).toEqual(all)
  expect(where.slice(4)).toEqual(where.slice(0, 4))
  expect(producer.routingStats()).toMatchObject({
    total: 8,
    successful: 8,
    failed: 0,
    strategies: { 'round-robin': 8 },
    brokers: { [A]: 4, [B]: 4 },
  })
  producer.resetRoutingStats()
  expect(producer.routingStats().total).toBe(0)
})

it('a suspended broker gets nothing until its time is over, or somebody recovers it, unless all are suspended', async () => {
  const to = await texts()
  await using client = quietClient(cluster)
  const events = eventsOf(client)
  const producer = client.producer(patient())
  await spread(producer, to, 4)
  client.suspendBroker(A)
  expect(brokersOf(await spread(producer, to, 4))).toEqual([B])
  client.suspendBroker(B)
  expect(brokersOf(await spread(producer, to, 4))).toEqual([A, B])
  expect(client.recoverBroker(B)).toBe(true)
  expect(brokersOf(await spread(producer, to, 4))).toEqual([B])
  client.suspendBroker(A, 300)
  expect(brokersOf(await spread(producer, to, 4))).toEqual([B])
  await firstWhere(client.health$, table => table.get(A)?.state === 'healthy')
  expect(brokersOf(await spread(producer, to, 4))).toEqual([A, B])
  expect(client.recoverBroker('nobody')).toBe(false)
  expect(ofType(events, 'broker-health').map(({ brokerName, to: state }) => [brokerName, state])).toEqual([
    [A, 'suspended'],
    [B, 'suspended'],
    [B, 'healthy'],
    [A, 'healthy'],
  ])
})

it('the very queue that a send names is used, and one that there is not is refused by name', async () => {
  const to = await texts()
  await using client = quietClient(cluster)
  const producer = client.producer(patient())
  const queue = { topic: to.name, brokerName: B, queueId: 1 }
  client.suspendBroker(B) // whoever names a queue means it
  for (let n = 0; n < 3; n++) {
    expect((await producer.send(message(to, 'x', { shardKey: `key-${n}` }), { queue })).queue).toEqual(queue)
  }
  const error = await failureOf(producer.send(message(to, 'x'), { queue: { ...queue, queueId: 2 } }))
  expect(error).toMatchObject({ code: 'ERR_RMQ_ILLEGAL', sent: 'no' })
  expect(error.message).toContain(`${to.name}@${B}:2`)
})

it('a selector of your own decides, for a producer or for one send, and one that fails fails only its send', async () => {
  const to = await texts()
  await using client = quietClient(cluster)
  const last: Select = ({ queues }) => queues.at(-1)
  const producer = client.producer(patient({ select: last }))
  expect(new Set(await spread(producer, to, 3))).toEqual(new Set([`${B}:1`]))
  const one = await producer.send(message(to, 'x'), { select: ({ queues }) => queues[0] })
  expect(one.queue).toEqual({ topic: to.name, brokerName: A, queueId: 0 })
  const broken = await failureOf(producer.send(message(to, 'x'), { select: () => undefined }))
  expect(broken).toMatchObject({ code: 'ERR_RMQ_ILLEGAL', sent: 'no' })
  const bySize: Select = ({ queues, bodyBytes, health, route }) => {
    expect(health.get(A)?.state).toBe('healthy')
    expect(route.brokerDatas.map(({ brokerName }) => brokerName).sort()).toEqual([A, B])
    return queues[bodyBytes > 10 ? 3 : 1]
  }
  expect((await producer.send(message(to, 'short'), { select: bySize })).queue).toMatchObject({ brokerName: A })
  expect((await producer.send(message(to, 'a long text'), { select: bySize })).queue).toMatchObject({ brokerName: B })
  expect((await producer.send(message(to, 'x'))).status).toBe('ok')
})

it("by message-hash, messages of one first key go to one queue, the one that Java's hash names", async () => {
  const to = await texts()
  await using client = quietClient(cluster)
  const producer = client.producer(patient({ select: 'message-hash' }))
  const queues = [`${A}:0`, `${A}:1`, `${B}:0`, `${B}:1`]
  for (const key of ['order-1', 'order-2', '東京', 'polygenelubricants']) {
    const where = await spread(producer, to, 3, { keys: [key, 'other'] })
    expect(new Set(where)).toEqual(new Set([queues[javaQueueOf(key, 4)]]))
  }
  expect((await spread(producer, to, 1, { keys: ['order-1'], shardKey: 'order-2' }))[0]).toBe(
    queues[javaQueueOf('order-2', 4)],
  )
})

it('a producer changes its strategy while it sends', async () => {
  const to = await texts()
  await using client = quietClient(cluster)
  const select = new BehaviorSubject<Select>(({ queues }) => queues[0])
  const producer = client.producer(patient({ select }))
  expect(new Set(await spread(producer, to, 3))).toEqual(new Set([`${A}:0`]))
  select.next(({ queues }) => queues[3])
  expect(new Set(await spread(producer, to, 3))).toEqual(new Set([`${B}:1`]))
  select.next('round-robin')
  expect(brokersOf(await spread(producer, to, 4))).toEqual([A, B])
})

it('a topic that sends have created is soon on every broker, and not for ever on the one that was first', async () => {
  const to = topic(unique('made'), codecs.text)
  await using client = quietClient(cluster)
  const producer = client.producer(patient())
  await producer.send(message(to, 'first'))
  await firstWhere(client.routes$(to), ({ status }) => status === 'known')
  const where = await spread(producer, to, 8)
  expect(brokersOf(where)).toEqual([A, B])
  client.refreshRoutes(to)
  const { publishQueues } = await firstWhere(client.routes$(to), ({ publishQueues }) => publishQueues.length > 4)
  expect(new Set(where).size).toBe(8) // 4 queues each, as the template says
  expect(publishQueues).toHaveLength(8)
})

it('what is kept of routes can be looked at', async () => {
  const to = await texts(3)
  await using client = quietClient(cluster)
  await client.producer(patient()).send(message(to, 'x'))
  const cache = client.routeCache()
  expect(cache.topics.map(({ topic: name, status }) => [name, status])).toContainEqual([to.name, 'known'])
  expect(cache).toMatchObject({ brokerNames: [A, B], publishQueues: 6, subscribeQueues: 6 })
})

it('a broker that is down becomes ill, is avoided, is known as ill to clients that share, and well again when it is back', async () => {
  const to = await texts()
  const coordinator = createRouteCoordinator()
  const config = { coordinator, health: { unhealthyAfter: 3, degradedAfter: 2, probeMs: 1_000 } }
  await using client = quietClient(cluster, config)
  await using other = quietClient(cluster, config)
  const producer = client.producer({ timeoutMs: 10_000 })
  await spread(producer, to, 4)
  await other.producer(patient()).send(message(to, 'x'))
  await cluster.pauseBroker(1) // its route stays: only what comes of sends tells
  try {
    const select: Select = ({ queues }) => queues[3]
    const failures = Array.from({ length: 3 }, () =>
      failureOf(producer.send(message(to, 'lost'), { select, timeoutMs: 500 })),
    )
    for (const { code } of await Promise.all(failures)) expect(code).toBe('ERR_RMQ_TIMEOUT')
    for (const each of [client, other]) {
      await firstWhere(each.health$, table => table.get(B)?.state === 'unhealthy')
    }
    expect(brokersOf(await spread(producer, to, 8))).toEqual([A])
  } finally {
    await cluster.resumeBroker(1)
  }
  await firstWhere(client.health$, table => table.get(B)?.state === 'healthy')
  expect(brokersOf(await spread(producer, to, 8))).toEqual([A, B])
})

it('a message can be routed without being sent: nothing moves on, and that there is no way is a result', async () => {
  const to = await texts()
  await using client = quietClient(cluster)
  const producer = client.producer({ ...patient(), autoCreateTopics: false })
  const ready = message(to, 'x')
  const [first, again] = [await producer.route(ready), await producer.route(ready)]
  expect(again).toEqual(first)
  const { queue } = await producer.send(ready)
  expect(first).toMatchObject({ ok: true, queue, brokerName: queue.brokerName, strategy: 'round-robin' })
  expect(await producer.route(message(to, 'x', { shardKey: 'customer-7' }))).toMatchObject({ strategy: 'sharding-key' })
  expect(producer.routingStats().total).toBe(1)
  const nowhere = await producer.route(message(topic(unique('nowhere'), codecs.text), 'x'))
  expect(nowhere).toMatchObject({ ok: false, error: { code: 'ERR_RMQ_ROUTE_NOT_FOUND' } })
  expect(await failureOf(producer.route(message(to, '')))).toMatchObject({ code: 'ERR_RMQ_ILLEGAL' })
})
