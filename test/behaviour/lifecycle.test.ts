import { firstValueFrom, from, lastValueFrom, mergeMap, NEVER, range, timer, toArray } from 'rxjs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { codecs, message, on, topic, withClient } from '../../src/index.ts'
import { consume, processedCount } from '../support/consuming.ts'
import { failureOf } from '../support/failure.ts'
import { firstWhere } from '../support/first-where.ts'
import { eventsOf, ofType, PATIENT, quietClient } from '../support/quiet-client.ts'
import { readAll } from '../support/stored.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'
import { unhandledErrors } from '../support/unhandled-errors.ts'

let cluster: TestCluster
const unhandled = unhandledErrors()
beforeAll(async () => {
  cluster = await startTarget({ own: true })
})
afterAll(() => cluster.stop())

const NOTHING_LEFT = { forced: false, unsettled: 0, unsent: 0, inFlight: 0, uncommitted: 0 }
const textTopic = async (queues = 1) => {
  const texts = topic(unique('texts'), codecs.text)
  await cluster.createTopic(texts.name, { queues })
  return texts
}

it('a client goes from idle over starting and running to draining and closed, and ends its streams', async () => {
  const texts = await textTopic()
  const client = quietClient(cluster)
  const states = firstValueFrom(client.state$.pipe(toArray()))
  const connections = lastValueFrom(client.connections$)
  const events = lastValueFrom(client.events$.pipe(toArray()))
  const stats = lastValueFrom(client.stats$(20).pipe(toArray()))
  const closed = firstValueFrom(client.closed$)
  await client.producer().send(message(texts, 'x'))
  const report = await client.close()
  expect(report).toEqual(NOTHING_LEFT)
  expect(await states).toEqual(['idle', 'starting', 'running', 'draining', 'closed'])
  expect(await connections).toEqual([])
  expect((await events).length).toBeGreaterThan(0)
  expect((await stats).length).toBeGreaterThan(0)
  expect(await closed).toBe(report)
  expect(await firstValueFrom(client.closed$)).toBe(report) // also for who asks later
  expect(await client.close()).toBe(report)
})

it('closing an unused client is harmless, and everything asked of a closed one fails with ERR_RMQ_CLOSED', async () => {
  const texts = await textTopic()
  const client = quietClient(cluster)
  const producer = client.producer()
  const consumer = client.consumer({ group: unique('g'), subscribe: [on(texts)] })
  expect(await client.close()).toEqual(NOTHING_LEFT)
  for (const operation of [producer.send(message(texts, 'x')), firstValueFrom(consumer.process$(() => undefined))]) {
    expect(await failureOf(operation)).toMatchObject({ code: 'ERR_RMQ_CLOSED', sent: 'no', retriable: false })
  }
  expect(() => client.producer()).toThrow('closed')
  expect(() => client.consumer({ group: unique('g'), subscribe: [on(texts)] })).toThrow('closed')
  expect(await failureOf(client.ready())).toMatchObject({ code: 'ERR_RMQ_CLOSED' })
})

it('close awaits handlers and sends, commits what was handled, and reports nothing left', async () => {
  const texts = await textTopic()
  const client = quietClient(cluster)
  const producer = client.producer({ maxInFlight: 4, ...PATIENT })
  const group = unique('g')
  const echo = await textTopic()
  const consumer = client.consumer({ group, subscribe: [on(texts)], startFrom: 'first' })
  // a handler that sends is still able to while the client closes: consumers end before producers
  const got = consume(consumer, async ({ message: { body } }) => {
    await firstValueFrom(timer(30))
    await producer.send(message(echo, `echo of ${body}`))
  })
  const sending = Array.from({ length: 10 }, (_, n) => producer.send(message(texts, `${n}`)))
  await Promise.all(sending)
  await processedCount(got, 2)
  expect(await client.close()).toEqual(NOTHING_LEFT)
  expect(got.isOver()).toBe(true)
  expect(got.processed.every(({ settlement }) => settlement === 'acked')).toBe(true)

  await using later = quietClient(cluster)
  expect(await readAll(later, echo, { atLeast: got.processed.length })).toHaveLength(got.processed.length)
  const rest = consume(later.consumer({ group, subscribe: [on(texts)] }), () => undefined)
  await processedCount(rest, 10 - got.processed.length)
  await firstValueFrom(timer(200))
  expect(rest.processed).toHaveLength(10 - got.processed.length)
})

it('close with little patience says what it left behind', async () => {
  const texts = await textTopic()
  const client = quietClient(cluster)
  await client.producer().send(message(texts, 'stuck'))
  const consumer = client.consumer({ group: unique('g'), subscribe: [on(texts)], startFrom: 'first' })
  let running = false
  consume(consumer, () => {
    running = true
    return NEVER
  })
  await expect.poll(() => running).toBe(true)
  const startedAt = Date.now()
  expect(await client.close({ drainMs: 200 })).toMatchObject({ forced: true, unsettled: 1 })
  expect(Date.now() - startedAt).toBeLessThan(5_000)
})

it('close ends also while the broker is down, and says that progress was not committed', async () => {
  const texts = await textTopic()
  const client = quietClient(cluster)
  await client.producer().send(message(texts, 'x'))
  const consumer = client.consumer({ group: unique('g'), subscribe: [on(texts)], startFrom: 'first' })
  const got = consume(consumer, () => undefined)
  await processedCount(got, 1)
  await cluster.killBroker()
  const startedAt = Date.now()
  const report = await client.close({ drainMs: 1_000 })
  const tookMs = Date.now() - startedAt
  await cluster.restartBroker()
  expect(report.uncommitted).toBeGreaterThanOrEqual(1)
  expect(tookMs).toBeLessThan(15_000)
})

it('ready() tells that a name server answers, and connections$ lists what is connected', async () => {
  await using client = quietClient(cluster)
  expect(await client.ready()).toBe(client)
  const [nameServer, ...others] = await firstValueFrom(client.connections$)
  expect(others).toEqual([])
  expect(nameServer).toMatchObject({ endpoint: cluster.nameServers[0], state: 'connected', connects: 1, failures: 0 })
})

it('withClient passes values on, closes, and then completes or fails', async () => {
  const texts = await textTopic()
  const seen: string[] = []
  const results = await lastValueFrom(
    withClient({ nameServers: cluster.nameServers, logger: false }, client => {
      client.closed$.subscribe(() => seen.push('closed'))
      return from(['a', 'b']).pipe(mergeMap(body => client.producer().send$(message(texts, body))))
    }).pipe(toArray()),
  )
  seen.push('complete')
  expect(results.map(({ status }) => status)).toEqual(['ok', 'ok'])
  expect(seen).toEqual(['closed', 'complete'])
  const failing$ = withClient({ nameServers: cluster.nameServers, logger: false }, client => {
    client.closed$.subscribe(() => seen.push('closed again'))
    return Promise.reject(new Error('the user failed'))
  })
  await expect(lastValueFrom(failing$)).rejects.toThrow('the user failed')
  expect(seen.at(-1)).toBe('closed again')
})

it('a use function of withClient that throws fails it, and the client is closed as well', async () => {
  let closed = false
  const failing$ = withClient({ nameServers: cluster.nameServers, logger: false }, client => {
    client.closed$.subscribe(() => (closed = true))
    throw new Error('at once')
  })
  await expect(lastValueFrom(failing$)).rejects.toThrow('at once')
  await expect.poll(() => closed).toBe(true)
})

it('a broken connection is dialed again, and each step is told', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const events = eventsOf(client)
  const producer = client.producer({ retries: 16, ...PATIENT })
  await producer.send(message(texts, 'before'))
  const statesOf = (): readonly string[] =>
    ofType(events, 'connection-state')
      .filter(({ endpoint, role }) => endpoint === cluster.brokers[0] && role === 'control')
      .map(({ state }) => state)
  expect(statesOf()).toEqual(['connecting', 'connected'])
  await cluster.killBroker()
  await firstWhere(client.connections$, all => all.some(({ state }) => state !== 'connected'))
  await cluster.restartBroker()
  await expect
    .poll(() => producer.sendOutcome(message(texts, 'after')), { timeout: 30_000 })
    .toMatchObject({ ok: true })
  expect(statesOf().slice(0, 4)).toEqual(['connecting', 'connected', 'disconnected', 'connecting'])
  expect(statesOf().at(-1)).toBe('connected')
})

it('a listener of events that throws, or sends in turn, disturbs nothing', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const producer = client.producer(PATIENT)
  let nested = 0
  client.events$.subscribe(event => {
    if (event.type === 'route-refreshed' && nested++ < 3) producer.send$(message(texts, 'nested')).subscribe()
  })
  await lastValueFrom(range(0, 50).pipe(producer.sendAll(n => message(texts, `${n}`))))
  await producer.flush()
  expect((await readAll(client, texts, { atLeast: 51 })).length).toBeGreaterThanOrEqual(51)
})

it('in all of this nothing went unhandled', () => {
  expect(unhandled).toEqual([])
})
