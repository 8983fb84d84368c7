import { lastValueFrom, take, tap, timer, toArray } from 'rxjs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { codecs, message, on, topic } from '../../src/index.ts'
import type { Client, ConsumerOptions, Topic } from '../../src/index.ts'
import { decodeTraceRecords } from '../../src/protocol/bodies/message-trace.ts'
import { consume, processedCount } from '../support/consuming.ts'
import { eventsOf, ofType, PATIENT, quietClient } from '../support/quiet-client.ts'
import { readAll, settledCount } from '../support/stored.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'
import { unhandledErrors } from '../support/unhandled-errors.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget()
})
afterAll(() => cluster.stop())

unhandledErrors()

type Texts = Topic<string, string>
const topicsOf = async () => {
  const texts = topic(unique('texts'), codecs.text)
  const traces = topic(unique('traces'), codecs.text)
  for (const { name } of [texts, traces]) await cluster.createTopic(name, { queues: 1 })
  return { texts, traces, group: unique('g') }
}
const tracedConsumer = (client: Client, texts: Texts, traces: Texts, more: Omit<ConsumerOptions, 'subscribe'>) =>
  client.consumer({ startFrom: 'first', trace: { topic: traces.name }, ...more, subscribe: [on(texts)] })
const recordsOf = async (traces: Texts) => {
  await using later = quietClient(cluster)
  return (await readAll(later, traces, { atLeast: 1 })).flatMap(({ body, keys }) =>
    decodeTraceRecords(body).map(record => ({ ...record, foundBy: keys })),
  )
}
const send = (client: Client, texts: Texts, bodies: readonly string[]) =>
  client.producer(PATIENT).sendBatch(bodies.map(body => message(texts, body, { keys: [`key-${body}`] })))

it('each call of a handler is traced as it begins and as it ends, also when its message comes again', async () => {
  const { texts, traces, group } = await topicsOf()
  const client = quietClient(cluster)
  const events = eventsOf(client)
  const { messageId } = await client.producer(PATIENT).send(message(texts, 'x', { keys: ['k', 'l'] }))
  const consumer = tracedConsumer(client, texts, traces, { group })
  const got = consume(consumer, async ({ attempt }) => {
    await lastValueFrom(timer(50))
    if (attempt === 1) throw new Error('not yet')
  })
  await processedCount(got, 2, 40_000)
  await consumer.close()
  expect(ofType(events, 'trace-failed')).toEqual([])
  await client.close()

  const records = await recordsOf(traces)
  const before = { type: 'SubBefore', regionId: 'DefaultRegion', group, messageId, keys: 'k l' }
  const after = { type: 'SubAfter', group, messageId, keys: 'k l' }
  expect(records).toMatchObject([
    { ...before, retryTimes: 0 },
    { ...after, outcome: 'exception', success: false },
    { ...before, retryTimes: 1 },
    { ...after, outcome: 'success', success: true },
  ])
  expect(records[0]?.foundBy).toEqual(expect.arrayContaining([messageId, 'k', 'l']))
  const calls = records.flatMap(record => ('requestId' in record ? [record.requestId] : []))
  expect([calls[0], calls[2]]).toEqual([calls[1], calls[3]])
  expect(calls[0]).not.toBe(calls[2])
  for (const record of records) if (record.type === 'SubAfter') expect(record.costMs).toBeGreaterThanOrEqual(45)
})

it('a batch is traced as one call with a record for each of its messages, which tells what became of that one', async () => {
  const { texts, traces, group } = await topicsOf()
  await using client = quietClient(cluster)
  const sent = await send(client, texts, ['a', 'b', 'c'])
  const consumer = tracedConsumer(client, texts, traces, { group })
  await lastValueFrom(
    consumer
      .processBatch$(
        deliveries => {
          for (const delivery of deliveries) if (delivery.message.body === 'b') delivery.deadLetter()
        },
        { lingerMs: 2_000, maxCount: 3 },
      )
      .pipe(take(3)),
  )
  await consumer.close()

  const records = await recordsOf(traces)
  const ids = sent.map(({ messageId }) => messageId)
  expect(records).toMatchObject([
    ...ids.map((messageId, i) => ({ type: 'SubBefore', messageId, keys: `key-${['a', 'b', 'c'][i]}` })),
    { type: 'SubAfter', messageId: ids[0], outcome: 'success', success: true },
    { type: 'SubAfter', messageId: ids[1], outcome: 'failed', success: false },
    { type: 'SubAfter', messageId: ids[2], outcome: 'success', success: true },
  ])
  expect(new Set(records.map(record => 'requestId' in record && record.requestId)).size).toBe(1)
})

it('where order is kept, each attempt in place is traced by itself, and one that takes too long as such', async () => {
  const { texts, traces, group } = await topicsOf()
  await using client = quietClient(cluster)
  await send(client, texts, ['a', 'b'])
  const consumer = tracedConsumer(client, texts, traces, { group, ordering: 'queue' })
  const got = consume(
    consumer,
    ({ message: { body }, attempt }) => (body === 'a' && attempt < 3 ? timer(60_000) : undefined),
    { suspendMs: 50, timeoutMs: 100 },
  )
  await processedCount(got, 2, 40_000)
  await consumer.close()

  const records = await recordsOf(traces)
  expect(
    records.map(record => (record.type === 'SubBefore' ? record.retryTimes : 'outcome' in record && record.outcome)),
  ).toEqual([0, 'timeout', 1, 'timeout', 2, 'success', 0, 'success'])
})

it('traces themselves are not traced, nor messages that no handler has', async () => {
  const { texts, traces, group } = await topicsOf()
  await using client = quietClient(cluster)
  await send(client, texts, ['a', 'b'])
  const consumer = tracedConsumer(client, texts, traces, { group })
  const settled$ = consumer.messages$().pipe(
    tap(delivery => delivery.ack()),
    take(2),
    toArray(),
  )
  expect(await lastValueFrom(settled$)).toHaveLength(2)
  await consumer.close()
  await client.producer(PATIENT).send(message(traces, 'no record at all'))
  const reader = tracedConsumer(client, traces, traces, { group: unique('g') })
  await processedCount(
    consume(reader, () => undefined),
    1,
  )
  await reader.close()
  expect(await settledCount(client, traces.name, 1)).toBe(1)
})

it('a trace that goes nowhere does not disturb the handlers that it tells of, nor the end of the consumer', async () => {
  const { texts, group } = await topicsOf()
  await using client = quietClient(cluster)
  const events = eventsOf(client)
  await send(client, texts, ['a'])
  const consumer = client.consumer({
    group,
    subscribe: [on(texts)],
    startFrom: 'first',
    trace: { topic: 'OFFSET_MOVED_EVENT' },
  })
  const got = consume(consumer, () => undefined)
  await processedCount(got, 1)
  expect(await consumer.close()).toMatchObject({ forced: false, unsettled: 0, uncommitted: 0 })
  expect(got.processed.map(({ settlement }) => settlement)).toEqual(['acked'])
  expect(ofType(events, 'trace-failed')).toMatchObject([{ records: 2, error: { code: 'ERR_RMQ_ILLEGAL' } }])
})
