import { firstValueFrom, timer, toArray } from 'rxjs'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { codecs, message, topic } from '../../src/index.ts'
import type { Pressure } from '../../src/index.ts'
import { failureOf } from '../support/failure.ts'
import { pressedTo, pressureOf } from '../support/pressure.ts'
import { eventsOf, ofType, PATIENT, quietClient } from '../support/quiet-client.ts'
import { readAll } from '../support/stored.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget({ own: true })
})
afterEach(() => cluster.resumeBroker())
afterAll(() => cluster.stop())

const textTopic = async (queues = 1) => {
  const texts = topic(unique('texts'), codecs.text)
  await cluster.createTopic(texts.name, { queues })
  return texts
}
/** Long enough for bytes to reach a socket that is connected. */
const written = () => firstValueFrom(timer(50))

it('a send unsubscribed while it waits for its turn is never sent', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const producer = client.producer({ maxInFlight: 1, ...PATIENT })
  await producer.send(message(texts, 'warm'))
  await cluster.pauseBroker()
  const first = producer.send(message(texts, 'first'))
  const regretted = producer.send$(message(texts, 'regretted')).subscribe()
  const third = producer.send(message(texts, 'third'))
  await pressedTo(producer, { inFlight: 1, queued: 2 })
  regretted.unsubscribe()
  expect(await pressureOf(producer)).toMatchObject({ inFlight: 1, queued: 1, queuedBytes: 5 })
  await cluster.resumeBroker()
  await Promise.all([first, third])
  const received = await readAll(client, texts, { atLeast: 3 })
  expect(received.map(({ body }) => body)).toEqual(['warm', 'first', 'third'])
})

it('a send unsubscribed after its bytes left keeps its slot, and an event tells that it was stored', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const events = eventsOf(client)
  const producer = client.producer(PATIENT)
  await producer.send(message(texts, 'warm'))
  await cluster.pauseBroker()
  const emitted: unknown[] = []
  const sending = producer.send$(message(texts, 'abandoned')).subscribe(result => emitted.push(result))
  await pressedTo(producer, { inFlight: 1 })
  await written()
  sending.unsubscribe()
  expect(await pressureOf(producer)).toMatchObject({ inFlight: 1 })
  expect(ofType(events, 'send-abandoned')).toEqual([])
  await cluster.resumeBroker()
  await pressedTo(producer, { inFlight: 0 })
  const received = await readAll(client, texts, { atLeast: 2 })
  expect(received.map(({ body }) => body)).toEqual(['warm', 'abandoned'])
  expect(ofType(events, 'send-abandoned')).toMatchObject([
    { topic: texts.name, outcome: 'stored', messageId: received[1]!.messageId },
  ])
  expect(emitted).toEqual([])
})

it('a send that was abandoned and then failed is told as such', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const events = eventsOf(client)
  const producer = client.producer({ timeoutMs: 400 })
  await producer.send(message(texts, 'warm'), PATIENT)
  await cluster.pauseBroker()
  const sending = producer.send$(message(texts, 'abandoned')).subscribe()
  await firstValueFrom(timer(100))
  sending.unsubscribe()
  await pressedTo(producer, { inFlight: 0 })
  expect(ofType(events, 'send-abandoned')).toMatchObject([
    { outcome: 'failed', topic: texts.name, error: { code: 'ERR_RMQ_TIMEOUT', sent: 'maybe' } },
  ])
})

it('a send to a broker that does not answer fails within its time, and says that it may be stored', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const producer = client.producer(PATIENT)
  await producer.send(message(texts, 'warm'))
  await cluster.pauseBroker()
  const startedAt = Date.now()
  const error = await failureOf(producer.send(message(texts, 'unanswered'), { timeoutMs: 400 }))
  const tookMs = Date.now() - startedAt
  expect(tookMs).toBeGreaterThanOrEqual(390)
  expect(tookMs).toBeLessThan(10_000)
  expect(error).toMatchObject({ code: 'ERR_RMQ_TIMEOUT', sent: 'maybe', retriable: true, endpoint: cluster.brokers[0] })
  expect(error).toMatchObject({ topic: texts.name, attempts: [{ endpoint: cluster.brokers[0], sent: 'maybe' }] })
  expect(error.advice).toMatch(/twice/)
})

it('the time that a send waits for its turn counts, too', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const producer = client.producer({ maxInFlight: 1, retries: 0, ...PATIENT })
  await producer.send(message(texts, 'warm'))
  await cluster.pauseBroker()
  const slow = producer.sendOutcome(message(texts, 'slow'))
  const startedAt = Date.now()
  const error = await failureOf(producer.send(message(texts, 'impatient'), { timeoutMs: 300 }))
  const tookMs = Date.now() - startedAt
  await cluster.resumeBroker()
  await slow
  expect(tookMs).toBeLessThan(10_000)
  expect(error).toMatchObject({ code: 'ERR_RMQ_TIMEOUT', sent: 'no', topic: texts.name })
})

it('a send is ended by its signal, with the reason of the signal', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const events = eventsOf(client)
  const producer = client.producer(PATIENT)
  await expect(
    producer.send(message(texts, 'x'), { signal: AbortSignal.abort(new Error('too late')) }),
  ).rejects.toThrow('too late')
  await producer.send(message(texts, 'warm'))
  await cluster.pauseBroker()
  const abort = new AbortController()
  const sending = producer.send(message(texts, 'written'), { signal: abort.signal })
  await pressedTo(producer, { inFlight: 1 })
  await written()
  abort.abort(new Error('changed my mind'))
  await expect(sending).rejects.toThrow('changed my mind')
  await cluster.resumeBroker()
  await pressedTo(producer, { inFlight: 0 })
  const received = await readAll(client, texts, { atLeast: 2 })
  expect(received.map(({ body }) => body)).toEqual(['warm', 'written'])
  expect(ofType(events, 'send-abandoned')).toMatchObject([{ outcome: 'stored' }])
})

it('pressure$ tells the present load at once, then every change, and ends at rest', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const producer = client.producer({ maxInFlight: 2, maxQueued: 1, ...PATIENT })
  expect(await pressureOf(producer)).toEqual({ inFlight: 0, queued: 0, queuedBytes: 0, accepting: true })
  await producer.send(message(texts, 'warm'))
  const seen: Pressure[] = []
  const watching = producer.pressure$.subscribe(now => seen.push(now))
  await cluster.pauseBroker()
  const sending = ['a', 'bb', 'ccc'].map(body => producer.send(message(texts, body)))
  await pressedTo(producer, { queued: 1 })
  expect(await pressureOf(producer)).toEqual({ inFlight: 2, queued: 1, queuedBytes: 3, accepting: false })
  await cluster.resumeBroker()
  await Promise.all(sending)
  expect(seen.at(0)).toEqual({ inFlight: 0, queued: 0, queuedBytes: 0, accepting: true })
  expect(seen.at(-1)).toEqual({ inFlight: 0, queued: 0, queuedBytes: 0, accepting: true })
  for (let n = 1; n < seen.length; n++) expect(seen[n]).not.toEqual(seen[n - 1])
  watching.unsubscribe()
})

it('a send that finds the queue of its producer full fails at once, and takes nothing from the others', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const producer = client.producer({ maxInFlight: 1, maxQueued: 2, ...PATIENT })
  await producer.send(message(texts, 'warm'))
  await cluster.pauseBroker()
  const accepted = ['1', '2', '3'].map(body => producer.send(message(texts, body)))
  const error = await failureOf(producer.send(message(texts, '4')))
  expect(error).toMatchObject({ code: 'ERR_RMQ_OVERFLOW', sent: 'no', retriable: true })
  expect(error.message).toContain('limit is 2')
  expect(error.advice).toMatch(/limit/)
  await cluster.resumeBroker()
  await Promise.all(accepted)
  await producer.send(message(texts, '5'))
  const received = await readAll(client, texts, { atLeast: 5 })
  expect(received.map(({ body }) => body)).toEqual(['warm', '1', '2', '3', '5'])
})

it('the bytes that wait are limited, too, and the error names that limit', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const producer = client.producer({ maxInFlight: 1, maxQueuedBytes: 100, ...PATIENT })
  await producer.send(message(texts, 'warm'))
  await cluster.pauseBroker()
  const accepted = ['in flight', 'x'.repeat(100)].map(body => producer.sendOutcome(message(texts, body)))
  const error = await failureOf(producer.send(message(texts, 'y')))
  await cluster.resumeBroker()
  expect(await Promise.all(accepted)).toMatchObject([{ ok: true }, { ok: true }])
  expect(error).toMatchObject({ code: 'ERR_RMQ_OVERFLOW', sent: 'no' })
  expect(error.message).toMatch(/limit is 100\b/)
})

it('flush waits for everything accepted before it, and for nothing that came later', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const producer = client.producer({ maxInFlight: 4, ...PATIENT })
  await producer.flush() // nothing to wait for
  await producer.send(message(texts, 'warm'))
  await cluster.pauseBroker()
  const told: string[] = []
  for (let n = 0; n < 10; n++) producer.send$(message(texts, 'early')).subscribe(() => told.push('early'))
  await pressedTo(producer, { queued: 6 })
  producer
    .flush$()
    .subscribe({ next: value => told.push(`flushed ${String(value)}`), complete: () => told.push('complete') })
  await written()
  producer.send$(message(texts, 'late')).subscribe(() => told.push('late'))
  await pressedTo(producer, { queued: 7 })
  expect(told).toEqual([])
  await cluster.resumeBroker()
  await pressedTo(producer, { inFlight: 0, queued: 0 })
  const flushed = told.indexOf('flushed undefined')
  expect(told.slice(0, flushed).filter(one => one === 'early')).toHaveLength(10)
  expect(told[flushed + 1]).toBe('complete')
  // the embedded broker answers one after the other, a real one side by side, so there the late one may come first
  if (cluster.kind === 'embedded') expect(told.indexOf('late')).toBe(flushed + 2)
})

it('a producer closed in order sends what it accepted, reports nothing left, and then refuses', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const producer = client.producer({ maxInFlight: 2, ...PATIENT })
  const sending = Array.from({ length: 20 }, (_, n) => producer.send(message(texts, `${n}`)))
  await pressedTo(producer, { inFlight: 2 })
  const report = await producer.close()
  expect(report).toEqual({ forced: false, unsettled: 0, unsent: 0, inFlight: 0, uncommitted: 0 })
  expect(await producer.close()).toBe(report)
  expect(await Promise.all(sending)).toHaveLength(20)
  expect(await failureOf(producer.send(message(texts, 'late')))).toMatchObject({ code: 'ERR_RMQ_CLOSED', sent: 'no' })
  expect((await pressureOf(producer)).accepting).toBe(false)
  expect((await client.producer().send(message(texts, 'another producer'))).status).toBe('ok')
})

it('a producer closed in haste reports what was not sent, and whoever waited is told', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const producer = client.producer({ maxInFlight: 1, timeoutMs: 1_000, retries: 0 })
  await producer.send(message(texts, 'warm'), PATIENT)
  await cluster.pauseBroker()
  const outcomes = ['1', '2', '3'].map(body => producer.sendOutcome(message(texts, body)))
  await pressedTo(producer, { inFlight: 1, queued: 2 })
  expect(await producer.close({ drainMs: 100 })).toMatchObject({ forced: true, unsent: 2, inFlight: 1 })
  const [written, ...waiting] = await Promise.all(outcomes)
  expect(written).toMatchObject({ ok: false, error: { code: 'ERR_RMQ_TIMEOUT', sent: 'maybe' } })
  for (const outcome of waiting)
    expect(outcome).toMatchObject({ ok: false, error: { code: 'ERR_RMQ_CLOSED', sent: 'no' } })
})

it('pressure$ accepts nothing more and completes when its client is closed', async () => {
  const client = quietClient(cluster)
  const pressures = firstValueFrom(client.producer().pressure$.pipe(toArray()))
  await client.close()
  expect((await pressures).map(({ accepting }) => accepting)).toEqual([true, false])
})
