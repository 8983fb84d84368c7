import { firstValueFrom, interval, lastValueFrom, map, mergeMap, take, timer, toArray } from 'rxjs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { codecs, message, on, topic } from '../../src/index.ts'
import { decodeTraceRecords } from '../../src/protocol/bodies/message-trace.ts'
import { consume, processedCount } from '../support/consuming.ts'
import { failureOf } from '../support/failure.ts'
import { eventsOf, ofType, PATIENT, quietClient } from '../support/quiet-client.ts'
import { readAll, settledCount } from '../support/stored.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget()
})
afterAll(() => cluster.stop())

const textTopic = async (queues = 1) => {
  const texts = topic(unique('texts'), codecs.text)
  await cluster.createTopic(texts.name, { queues })
  return texts
}

it('a producer that is warm has its connections and its heartbeat before the first send', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const events = eventsOf(client)
  const producer = client.producer(PATIENT)
  expect(await producer.warmup([texts], { timeoutMs: 20_000 })).toEqual({
    topics: [texts.name],
    brokers: cluster.brokers,
  })
  expect(ofType(events, 'heartbeat-confirmed').map(({ endpoint }) => endpoint)).toContain(cluster.brokers[0])
  const connected = ofType(events, 'connection-state').length
  await producer.send(message(texts, 'x'))
  expect(ofType(events, 'connection-state')).toHaveLength(connected) // nothing more was opened
})

it('warming up for a topic that does not exist fails by its name', async () => {
  await using client = quietClient(cluster)
  const name = unique('nowhere')
  const error = await failureOf(client.producer().warmup([name], { timeoutMs: 20_000 }))
  expect(error).toMatchObject({ code: 'ERR_RMQ_ROUTE_NOT_FOUND', topic: name, sent: 'no' })
})

it('a producer counts what it does, and how long that took', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const producer = client.producer({ group: unique('pg'), ...PATIENT })
  const samples = firstValueFrom(producer.stats$(20).pipe(take(3), toArray()))
  for (const body of ['a', 'bb', 'ccc']) await producer.send(message(texts, body))
  await failureOf(producer.send(message(texts, 'x'.repeat(5_000_000)))) // makes no sense: not counted
  const { latencyMs, heartbeats, ...stats } = producer.stats()
  expect(stats).toMatchObject({
    sent: 3,
    failed: 0,
    successRate: 1,
    bytes: 6,
    inFlight: 0,
    queued: 0,
    cachedTopics: 1,
    running: true,
  })
  expect(latencyMs.count).toBe(3)
  expect(latencyMs.p99).toBeLessThanOrEqual(latencyMs.max)
  expect(heartbeats).toMatchObject({ failed: 0, brokers: 1 })
  expect((await samples).map(({ sent }) => sent).every(sent => sent <= 3)).toBe(true)
  const { eventLoopLagMs, heapUsedBytes } = await firstValueFrom(client.stats$())
  expect(eventLoopLagMs).toBeGreaterThanOrEqual(0)
  expect(heapUsedBytes).toBeGreaterThan(1_000_000)
})

it('a client that closes under load loses nothing that it accepted, and says so', async () => {
  const texts = await textTopic(4)
  const client = quietClient(cluster)
  const producer = client.producer({ maxInFlight: 16, ...PATIENT })
  const outcomes = lastValueFrom(
    interval(1).pipe(
      take(400),
      mergeMap(n => producer.sendOutcome$(message(texts, `${n}`))),
      toArray(),
    ),
  )
  await firstValueFrom(timer(150))
  expect(await client.close()).toEqual({ forced: false, unsettled: 0, unsent: 0, inFlight: 0, uncommitted: 0 })
  const all = await outcomes
  const refused = all.filter(outcome => !outcome.ok)
  expect(all).toHaveLength(400)
  expect(refused.length).toBeGreaterThan(0)
  for (const outcome of refused) expect(outcome).toMatchObject({ error: { code: 'ERR_RMQ_CLOSED', sent: 'no' } })
  await using later = quietClient(cluster)
  expect(await settledCount(later, texts.name)).toBe(400 - refused.length)
})

it('a handler can send until its consumer has ended, also when its client is closing', async () => {
  const [texts, echoes] = [await textTopic(), await textTopic()]
  const client = quietClient(cluster)
  const producer = client.producer(PATIENT)
  await producer.send(message(texts, 'x'))
  const consumer = client.consumer({ group: unique('g'), subscribe: [on(texts)], startFrom: 'first' })
  let running = false
  const got = consume(consumer, async () => {
    running = true
    await firstValueFrom(timer(300))
    await producer.send(message(echoes, 'sent while closing'))
  })
  await expect.poll(() => running).toBe(true)
  expect(await client.close()).toMatchObject({ forced: false, unsettled: 0, uncommitted: 0 })
  await processedCount(got, 1)
  expect(got.processed.map(({ settlement }) => settlement)).toEqual(['acked'])
  await using later = quietClient(cluster)
  expect(await settledCount(later, echoes.name)).toBe(1)
})

it('sends are traced in RocketMQ’s own way, in batches, and none is lost when the client closes', async () => {
  const texts = await textTopic()
  const traces = topic(unique('traces'), codecs.text)
  await cluster.createTopic(traces.name, { queues: 1 })
  const group = unique('pg')
  const client = quietClient(cluster)
  const events = eventsOf(client)
  const producer = client.producer({ group, trace: { topic: traces.name, batchSize: 4 }, ...PATIENT })
  const sent = []
  for (let n = 0; n < 6; n++)
    sent.push(await producer.send(message(texts, `body ${n}`, { tag: 'T', keys: [`k${n}`, 'k'] })))
  await client.close()
  expect(ofType(events, 'trace-failed')).toEqual([])

  await using later = quietClient(cluster)
  const stored = await readAll(later, traces, { atLeast: 2 })
  expect(stored.map(({ keys }) => keys.length).toSorted()).toEqual([2 + 2 + 1, 4 + 4 + 1].toSorted())
  const records = stored.flatMap(({ body }) => decodeTraceRecords(body))
  for (const { messageId, offsetMessageId } of sent) {
    expect(records.find(record => record.messageId === messageId)).toMatchObject({
      type: 'Pub',
      regionId: 'DefaultRegion',
      group,
      topic: texts.name,
      tags: 'T',
      storeHost: cluster.brokers[0],
      bodyLength: 6,
      messageType: 'normal',
      offsetMessageId,
      success: true,
    })
  }
  expect(records).toHaveLength(6)
})

it('a trace that goes nowhere does not disturb the sends that it tells of', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const events = eventsOf(client)
  const producer = client.producer({ trace: { topic: 'OFFSET_MOVED_EVENT', batchSize: 1 }, ...PATIENT })
  const statuses$ = producer.send$(message(texts, 'x')).pipe(map(({ status }) => status))
  expect(await firstValueFrom(statuses$)).toBe('ok')
  await expect
    .poll(() => ofType(events, 'trace-failed'))
    .toMatchObject([{ records: 1, error: { code: 'ERR_RMQ_ILLEGAL' } }])
})
