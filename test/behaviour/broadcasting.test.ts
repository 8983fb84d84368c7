import { mkdtemp, readFile, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { from, NEVER } from 'rxjs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { codecs, fileOffsets, memoryOffsets, message, on, topic } from '../../src/index.ts'
import type { Client, ConsumerOptions, OffsetStore, Topic } from '../../src/index.ts'
import { consume, processedCount, started } from '../support/consuming.ts'
import { eventsOf, ofType, quietClient } from '../support/quiet-client.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'
import { unhandledErrors } from '../support/unhandled-errors.ts'

let cluster: TestCluster
let dir: string
beforeAll(async () => {
  cluster = await startTarget()
  dir = await mkdtemp(join(tmpdir(), 'offsets-'))
})
afterAll(async () => {
  await cluster.stop()
  await rm(dir, { recursive: true, force: true })
})

unhandledErrors()

const textTopic = async () => {
  const texts = topic(unique('texts'), codecs.text)
  await cluster.createTopic(texts.name, { queues: 2 })
  return texts
}
const listener = (client: Client, texts: Topic<string, string>, group: string, more: Partial<ConsumerOptions> = {}) => {
  const options = { model: 'broadcasting', startFrom: 'first', commit: { everyMs: 200 }, ...more } as const
  return client.consumer({ ...options, group, subscribe: [on(texts)] })
}
const send = async (client: Client, texts: Topic<string, string>, from: number, to: number) => {
  for (let n = from; n < to; n++) await client.producer().send(message(texts, `${n}`))
}
const bodies = (got: {
  readonly processed: readonly { readonly delivery: { readonly message: { readonly body: unknown } } }[]
}) => got.processed.map(({ delivery }) => Number(delivery.message.body)).sort((a, b) => a - b)
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i)

it('every member gets every message, and goes on where it stopped', async () => {
  const texts = await textTopic()
  const group = unique('g')
  const asMember = (clientId: string) => fileOffsets({ dir, clientId })
  await using one = quietClient(cluster)
  await using two = quietClient(cluster)
  await send(one, texts, 0, 10)
  const first = listener(one, texts, group, { offsets: asMember('one') })
  const second = listener(two, texts, group, { offsets: asMember('two') })
  const gotFirst = consume(first, () => undefined)
  const gotSecond = consume(second, () => undefined)
  await processedCount(gotFirst, 10)
  await processedCount(gotSecond, 10)
  expect(bodies(gotFirst)).toEqual(upTo(10))
  expect(bodies(gotSecond)).toEqual(upTo(10))
  expect(await first.close()).toMatchObject({ forced: false, uncommitted: 0 })

  await send(one, texts, 10, 15)
  await processedCount(gotSecond, 15)
  const again = listener(one, texts, group, { offsets: asMember('one') })
  const gotAgain = consume(again, () => undefined)
  await processedCount(gotAgain, 5)
  expect(bodies(gotAgain)).toEqual([10, 11, 12, 13, 14])
  await again.close()
  await second.close()
})

it('a file that was torn is replaced by its backup, and that is told', async () => {
  const texts = await textTopic()
  const group = unique('g')
  const clientId = unique('torn')
  const path = join(dir, clientId, group, 'offsets.json')
  await using client = quietClient(cluster)
  const events = eventsOf(client)
  const run = async (sent: number, until: number) => {
    await send(client, texts, sent, until)
    const consumer = listener(client, texts, group, { offsets: fileOffsets({ dir, clientId }) })
    const got = consume(consumer, () => undefined)
    await processedCount(got, until - sent)
    await consumer.close()
  }
  await run(0, 6)
  await run(6, 10)
  const text = await readFile(path, 'utf8')
  expect(text).toContain(texts.name)
  await truncate(path, 20)
  const consumer = listener(client, texts, group, { offsets: fileOffsets({ dir, clientId }) })
  const got = consume(consumer, () => undefined)
  await started(client, 2)
  await send(client, texts, 10, 12)
  await expect.poll(() => bodies(got), { timeout: 10_000 }).toEqual(expect.arrayContaining([10, 11]))
  const told = ofType(events, 'consumer-failure').filter(({ where }) => where === 'offsets')
  expect(told.map(({ error }) => String(error))).toEqual(expect.arrayContaining([expect.stringContaining('backup')]))
  await consumer.close()
})

it('a handler that fails is told, and its message is done: there is no retry in broadcasting', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const events = eventsOf(client)
  await send(client, texts, 0, 3)
  const consumer = listener(client, texts, unique('g'), { offsets: memoryOffsets() })
  const got = consume(consumer, ({ message: { body } }) => {
    if (body === '0') throw new Error('no')
  })
  await processedCount(got, 3)
  expect(got.processed.filter(({ error }) => error !== undefined).map(({ settlement }) => settlement)).toEqual([
    'acked',
  ])
  expect(ofType(events, 'consumer-failure').map(({ where }) => where)).toEqual(['handler'])
  expect(await consumer.close()).toMatchObject({ forced: false, uncommitted: 0 })
})

it('progress may be kept in a store of one’s own, in clustering, too', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  await send(client, texts, 0, 5)
  const group = unique('g')
  const offsets = memoryOffsets()
  const options = { group, subscribe: [on(texts)] as const, startFrom: 'first' as const, offsets }
  const first = client.consumer(options)
  const got = consume(first, () => undefined)
  await processedCount(got, 5)
  expect(first.offsetMetrics()?.loads.ok).toBeGreaterThan(0)
  await first.close()
  await send(client, texts, 5, 7)
  const second = client.consumer(options)
  const gotAgain = consume(second, () => undefined)
  await processedCount(gotAgain, 2)
  expect(bodies(gotAgain)).toEqual([5, 6])
  await second.close()
})

it('a store of one’s own that does not end is told, and is given the same again with the next commit', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster, { timing: { requestTimeoutMs: 1_000 } })
  const events = eventsOf(client)
  await send(client, texts, 0, 5)
  const kept = new Map<number, number>()
  let calls = 0
  const store: OffsetStore = {
    ...memoryOffsets()({ group: 'g', clientId: undefined, report: () => undefined }),
    commit$: offsets => {
      if (++calls === 1) return NEVER
      for (const { queue, offset } of offsets)
        if (queue.topic === texts.name) kept.set(queue.queueId, offset.toNumber())
      return from(offsets)
    },
  }
  const consumer = listener(client, texts, unique('g'), { offsets: () => store })
  const got = consume(consumer, () => undefined)
  await processedCount(got, 5)
  await expect.poll(() => [...kept.values()].reduce((sum, offset) => sum + offset, 0), { timeout: 10_000 }).toBe(5)
  const failures = ofType(events, 'consumer-failure')
  expect(failures.length).toBeGreaterThan(0)
  for (const { where, error } of failures) expect([where, error]).toMatchObject(['commit', { code: 'ERR_RMQ_TIMEOUT' }])
  expect(await consumer.close()).toMatchObject({ forced: false, uncommitted: 0 })
})
