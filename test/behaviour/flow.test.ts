import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { filter, firstValueFrom, map, NEVER, ReplaySubject, timer } from 'rxjs'
import type { Observable } from 'rxjs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { codecs, message, on, topic } from '../../src/index.ts'
import type { Client, Consumer, FlowLimits, Topic } from '../../src/index.ts'
import { consume, processedCount } from '../support/consuming.ts'
import { firstWhere } from '../support/first-where.ts'
import { PATIENT, quietClient } from '../support/quiet-client.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget()
})
afterAll(() => cluster.stop())

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)
const filledTopic = async (client: Client, count: number, { queues = 1, bytes = 8 } = {}) => {
  const texts = topic(unique('texts'), codecs.text)
  await cluster.createTopic(texts.name, { queues })
  const toMessage = (n: number) => message(texts, `${n} `.padEnd(bytes, '.'))
  const producer = client.producer({ compressAboveBytes: Infinity, ...PATIENT })
  await producer.sendFrom$(upTo(count), toMessage, { keyBy: () => 'one after the other' }).forEach(() => undefined)
  return texts
}
const consumerOf = (client: Client, texts: Topic<string, string>, flow: Partial<FlowLimits>) =>
  client.consumer({ group: unique('g'), subscribe: [on(texts)], startFrom: 'first', flow })

/** Watches how much is in hand, in one queue and altogether, until told to stop. */
const watchUnsettled = (consumer: Consumer) => {
  const most = { perQueue: 0, total: 0 }
  const watching = consumer.lag$(5).subscribe(queues => {
    const counts = queues.map(({ unsettled }) => unsettled)
    most.perQueue = Math.max(most.perQueue, ...counts)
    most.total = Math.max(
      most.total,
      counts.reduce((a, b) => a + b, 0),
    )
  })
  return { most, stop: () => watching.unsubscribe() }
}
/** Bytes that came in on the connection for pulls. */
const pulledBytes = async (client: Client): Promise<number> => {
  const { connections } = await firstValueFrom(client.stats$())
  return connections.filter(({ role }) => role === 'pull').reduce((sum, { bytesIn }) => sum + bytesIn, 0)
}
/** A number of bytes after which nothing came for a while. */
const stalledAt = async (client: Client): Promise<number> => {
  for (let before = -1; ; await firstValueFrom(timer(400))) {
    const now = await pulledBytes(client)
    if (now > 0 && now === before) return now
    before = now
  }
}
const gate = () => {
  const opened = new ReplaySubject<void>(1)
  return {
    open: () => {
      opened.next()
      opened.complete()
    },
    opened$: opened.asObservable(),
  }
}

it('a slow handler stops the pulls: never more in hand than the limit of a queue, and all of it is handled in the end', async () => {
  await using client = quietClient(cluster)
  const texts = await filledTopic(client, 400)
  await using slow = quietClient(cluster)
  const consumer = consumerOf(slow, texts, { unsettledPerQueue: 40, pullBatch: 8 })
  const { open, opened$ } = gate()
  const watched = watchUnsettled(consumer)
  const got = consume(consumer, () => opened$, { concurrency: 8 })
  await expect.poll(() => watched.most.perQueue).toBe(40)
  const stalled = await stalledAt(slow)
  const [progress] = (await firstValueFrom(consumer.lag$())).filter(({ queue }) => queue.topic === texts.name)
  expect(progress).toMatchObject({ unsettled: 40, lag: 400 })
  expect(progress!.nextOffset.toString()).toBe('40')
  await firstValueFrom(timer(500))
  expect(await pulledBytes(slow)).toBe(stalled) // no pull is under way either: the broker would answer it
  expect(got.processed).toEqual([])
  open()
  await processedCount(got, 400)
  watched.stop()
  expect(watched.most.perQueue).toBe(40)
})

it('the limits of the whole consumer hold over all its queues', async () => {
  await using client = quietClient(cluster)
  const texts = await filledTopic(client, 400, { queues: 4 })
  const consumer = consumerOf(client, texts, { unsettled: 50 })
  const { open, opened$ } = gate()
  const watched = watchUnsettled(consumer)
  const got = consume(consumer, () => opened$)
  await expect.poll(() => watched.most.total).toBeGreaterThan(0)
  await stalledAt(client)
  open()
  await processedCount(got, 400)
  watched.stop()
  expect(watched.most.total).toBeLessThanOrEqual(50)
})

it('a queue pauses by the bytes in hand as well', async () => {
  await using client = quietClient(cluster)
  const texts = await filledTopic(client, 200, { bytes: 2_000 })
  const consumer = consumerOf(client, texts, { unsettledBytesPerQueue: 40_000, pullBatch: 8 })
  const { open, opened$ } = gate()
  const watched = watchUnsettled(consumer)
  const got = consume(consumer, () => opened$)
  await expect.poll(() => watched.most.perQueue).toBeGreaterThanOrEqual(18)
  await stalledAt(client)
  expect(watched.most.perQueue).toBeLessThanOrEqual(20 + 8) // known only once they are here: one pull beyond
  open()
  await processedCount(got, 200)
  watched.stop()
})

it('one message that is stuck lets a queue go on only as far as the span', async () => {
  await using client = quietClient(cluster)
  const texts = await filledTopic(client, 300)
  const consumer = consumerOf(client, texts, { span: 100 })
  const { open, opened$ } = gate()
  const got = consume(consumer, ({ message: { body } }) => (body.startsWith('0 ') ? opened$ : undefined))
  await processedCount(got, 99)
  await stalledAt(client)
  expect(got.processed).toHaveLength(99)
  const progress = (await firstValueFrom(consumer.lag$())).find(({ queue }) => queue.topic === texts.name)
  expect([progress!.commitPoint, progress!.nextOffset].map(String)).toEqual(['0', '100'])
  open()
  await processedCount(got, 300)
})

it('a queue that is stuck does not stop the others', async () => {
  await using client = quietClient(cluster)
  const texts = await filledTopic(client, 400, { queues: 4 })
  const consumer = consumerOf(client, texts, { unsettledPerQueue: 16, pullBatch: 8 })
  const { open, opened$ } = gate()
  const handler = ({ queue: { queueId } }: { readonly queue: { readonly queueId: number } }) =>
    queueId === 0 ? opened$ : undefined
  const got = consume(consumer, handler, { keyBy: 'queue', concurrency: 4 })
  await processedCount(got, 300)
  expect(got.processed.some(({ delivery }) => delivery.queue.queueId === 0)).toBe(false)
  open()
  await processedCount(got, 400)
})

it('what was given up gives its credits back: a consumer subscribed again is not paused by the past', async () => {
  await using client = quietClient(cluster)
  const texts = await filledTopic(client, 100)
  const consumer = consumerOf(client, texts, { unsettledPerQueue: 20, unsettled: 20, pullBatch: 10 })
  for (let round = 0; round < 5; round++) {
    const stuck = consume(consumer, () => NEVER)
    const inHand$ = consumer.lag$(10).pipe(map(queues => queues.reduce((sum, { unsettled }) => sum + unsettled, 0)))
    await firstWhere(inHand$, count => count >= 10)
    stuck.unsubscribe()
  }
  const got = consume(consumer, () => undefined)
  await processedCount(got, 100)
})

it('what was handled is let go at once: memory follows what is in hand, not what passed through', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const megabytes = (): number => {
    collect()
    collect() // what the first one found to be garbage may hold buffers
    const { heapUsed, external } = process.memoryUsage()
    return (heapUsed + external) / 1e6
  }
  await using client = quietClient(cluster)
  const texts = await filledTopic(client, 3_000, { bytes: 10_000 })
  await using reader = quietClient(cluster)
  const consumer = consumerOf(reader, texts, { unsettledPerQueue: 64 })
  const measured: number[] = []
  let handled = 0
  const handler = (): Observable<unknown> => {
    if (++handled % 100 === 0) measured.push(megabytes())
    return timer(0)
  }
  await firstValueFrom(consumer.process$(handler).pipe(filter(() => handled === 3_000)))
  // what is in hand is 64 messages of 10 kB; 3,000 of them went by
  expect(Math.max(...measured) - measured[0]!).toBeLessThan(4)
})
