import { concatMap, firstValueFrom, mergeMap, range, repeat, retry, timer, toArray } from 'rxjs'
import type { Observable } from 'rxjs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { codecs, message, topic } from '../../src/index.ts'
import { eventsOf, ofType, quietClient } from '../support/quiet-client.ts'
import { readAll } from '../support/stored.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget({ own: true })
})
afterAll(() => cluster.stop())

const textTopic = async (queues = 1) => {
  const texts = topic(unique('texts'), codecs.text)
  await cluster.createTopic(texts.name, { queues })
  return texts
}

/** Whether an operation told anything before `subscribe` returned; resolves when it is over. */
const toldInsideSubscribe = (operation$: Observable<unknown>): Promise<boolean> =>
  new Promise(resolve => {
    let inside = true
    let told = false
    const tell = (): void => {
      told ||= inside
    }
    const end = (): void => {
      tell()
      setTimeout(() => resolve(told), 0)
    }
    operation$.subscribe({ next: tell, error: end, complete: end })
    inside = false
  })

it('send$ does nothing until it is subscribed, and each subscription is a send', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const producer = client.producer()
  void producer.send$(message(texts, 'never subscribed'))
  const twice$ = producer.send$(message(texts, 'subscribed twice'))
  const first = await firstValueFrom(twice$)
  const second = await firstValueFrom(twice$)
  expect(second.messageId).toBe(first.messageId)
  expect(second.queueOffset.toString()).not.toBe(first.queueOffset.toString())
  const received = await readAll(client, texts, { atLeast: 2 })
  expect(received.map(({ body }) => body)).toEqual(['subscribed twice', 'subscribed twice'])
})

it('two calls of send$ make two message ids, also for one message', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const producer = client.producer()
  const same = message(texts, 'same')
  const [one, two] = await Promise.all([producer.send(same), producer.send(same)])
  expect(one.messageId).not.toBe(two.messageId)
})

it('a send emits one result and completes', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const results = await firstValueFrom(client.producer().send$(message(texts, 'one')).pipe(toArray()))
  expect(results).toHaveLength(1)
})

it('a client that only made messages and observables has opened no connection', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const events = eventsOf(client)
  const producer = client.producer()
  void producer.send$(message(texts, 'not sent'))
  void producer.flush$()
  await firstValueFrom(timer(50))
  expect(events).toEqual([])
  expect(await firstValueFrom(client.state$)).toBe('idle')
  await producer.send(message(texts, 'sent'))
  expect(await firstValueFrom(client.state$)).toBe('running')
})

it('no operation tells anything inside subscribe, neither success nor failure', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const producer = client.producer()
  await producer.send(message(texts, 'the connection is up'))
  const closed = client.producer()
  await closed.close()
  const operations = {
    'a send': producer.send$(message(texts, 'ok')),
    'an outcome': producer.sendOutcome$(message(texts, 'ok')),
    'a refused message': producer.send$(message(topic('not a topic', codecs.text), 'bad')),
    'the outcome of a refused message': producer.sendOutcome$(message(topic('not a topic', codecs.text), 'bad')),
    'a closed producer': closed.send$(message(texts, 'late')),
    'an aborted send': producer.send$(message(texts, 'aborted'), { signal: AbortSignal.abort(new Error('enough')) }),
    'a flush': producer.flush$(),
    'a flush with nothing to wait for': closed.flush$(),
    ready$: client.ready$(),
  }
  for (const [name, operation$] of Object.entries(operations)) {
    expect([name, await toldInsideSubscribe(operation$)]).toEqual([name, false])
  }
})

it('plain mergeMap, concatMap and repeat around a send neither lose anything nor overflow the stack', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const producer = client.producer()
  const bad = message(topic('not a topic', codecs.text), 'bad')
  const failing$ = producer.sendOutcome$(bad)
  const merged = await firstValueFrom(
    range(0, 3_000).pipe(
      mergeMap(() => failing$, 8),
      toArray(),
    ),
  )
  expect(merged).toHaveLength(3_000)
  const chained = await firstValueFrom(
    range(0, 3_000).pipe(
      concatMap(() => failing$),
      toArray(),
    ),
  )
  expect(chained).toHaveLength(3_000)
  const repeated = await firstValueFrom(failing$.pipe(repeat(3_000), toArray()))
  expect(repeated).toHaveLength(3_000)
  const sent = await firstValueFrom(producer.send$(message(texts, 'again')).pipe(repeat(300), toArray()))
  expect(new Set(sent.map(({ messageId }) => messageId)).size).toBe(1)
  expect(sent).toHaveLength(300)
})

it('a send unsubscribed in the same turn is never sent', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const producer = client.producer()
  producer.send$(message(texts, 'regretted')).subscribe().unsubscribe()
  await producer.send(message(texts, 'meant'))
  const received = await readAll(client, texts, { atLeast: 1 })
  expect(received.map(({ body }) => body)).toEqual(['meant'])
})

it('retry() around send$ sends one id again, so that consumers can tell the duplicate', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const events = eventsOf(client)
  const producer = client.producer({ retries: 0 })
  await producer.send(message(texts, 'the connection is up'))

  await cluster.pauseBroker()
  const sending = firstValueFrom(
    producer.send$(message(texts, 'important'), { timeoutMs: 500 }).pipe(retry({ count: 20, delay: 100 })),
  )
  sending.catch(() => undefined) // looked at below
  await firstValueFrom(timer(900)) // the first attempt is over, and the broker has its bytes
  await cluster.resumeBroker()
  const { messageId } = await sending

  const important = (await readAll(client, texts, { atLeast: 3 })).filter(({ body }) => body === 'important')
  expect(important.length).toBeGreaterThanOrEqual(2)
  expect(new Set(important.map(m => m.messageId))).toEqual(new Set([messageId]))
  expect(ofType(events, 'late-response').length).toBeGreaterThanOrEqual(1)
})

it('every operation emits before it completes, so that firstValueFrom has something to take', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const producer = client.producer()
  expect(await firstValueFrom(producer.flush$().pipe(toArray()))).toEqual([undefined])
  expect(await firstValueFrom(client.ready$().pipe(toArray()))).toEqual([client])
  expect(await firstValueFrom(producer.sendOutcome$(message(texts, 'x')).pipe(toArray()))).toHaveLength(1)
})
