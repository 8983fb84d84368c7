import { Readable } from 'node:stream'
import { firstValueFrom, lastValueFrom, take, timer, toArray } from 'rxjs'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { codecs, message, topic } from '../../src/index.ts'
import { failureOf } from '../support/failure.ts'
import { pressedTo } from '../support/pressure.ts'
import { PATIENT, quietClient } from '../support/quiet-client.ts'
import { readAll } from '../support/stored.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'
import { topicOfNumbers } from '../support/topic-of-numbers.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget({ own: true })
})
afterEach(() => cluster.resumeBroker())
afterAll(() => cluster.stop())

const numbersTopic = () => topicOfNumbers(cluster)

/** Numbers that note how far they were read, and whether the reader said good-bye. */
const countedNumbers = (end = Infinity) => {
  const told = { read: 0, returned: false }
  function* sync() {
    try {
      while (told.read < end) yield told.read++
    } finally {
      told.returned = true
    }
  }
  async function* async() {
    try {
      while (told.read < end) {
        await Promise.resolve()
        yield told.read++
      }
    } finally {
      told.returned = true
    }
  }
  return { told, sync, async }
}

for (const kind of ['sync', 'async'] as const) {
  it(`sendFrom$ sends all of a finite ${kind} generator, in memory bounded by its concurrency`, async () => {
    const numbers = await numbersTopic()
    await using client = quietClient(cluster)
    const { told, [kind]: generate } = countedNumbers(2_000)
    let ended = 0
    let ahead = 0
    const sent$ = client.producer(PATIENT).sendFrom$(generate(), n => message(numbers, n), { concurrency: 8 })
    await sent$.forEach(() => {
      ahead = Math.max(ahead, told.read - ended)
      ended++
    })
    expect(ended).toBe(2_000)
    expect(ahead).toBeLessThanOrEqual(8)
    const received = await readAll(client, numbers, { atLeast: 2_000 })
    expect(new Set(received.map(({ body }) => body)).size).toBe(2_000)
  })

  it(`sendFrom$ reads no further from a ${kind} generator than it can send`, async () => {
    const numbers = await numbersTopic()
    await using client = quietClient(cluster)
    const producer = client.producer(PATIENT)
    await producer.send(message(numbers, -1))
    await cluster.pauseBroker()
    const { told, [kind]: generate } = countedNumbers()
    const sending = firstValueFrom(
      producer.sendFrom$(generate(), n => message(numbers, n), { concurrency: 5 }).pipe(take(50), toArray()),
    )
    await pressedTo(producer, { inFlight: 5 })
    await firstValueFrom(timer(100))
    expect(told.read).toBe(5)
    await cluster.resumeBroker()
    expect(await sending).toHaveLength(50)
    expect(told.read).toBeLessThanOrEqual(55)
  })

  it(`a ${kind} generator is told when nobody wants more of it`, async () => {
    const numbers = await numbersTopic()
    await using client = quietClient(cluster)
    const { told, [kind]: generate } = countedNumbers()
    await lastValueFrom(
      client
        .producer(PATIENT)
        .sendFrom$(generate(), n => message(numbers, n))
        .pipe(take(3)),
    )
    await expect.poll(() => told.returned).toBe(true)
  })

  it(`a ${kind} generator is told when a failure stops the stream, and nothing that was read is lost`, async () => {
    const numbers = await numbersTopic()
    await using client = quietClient(cluster)
    const { told, [kind]: generate } = countedNumbers()
    const sent: number[] = []
    const toMessage = (n: number) => message(numbers, n, n === 40 ? { delayLevel: 99 } : {})
    const sent$ = client.producer(PATIENT).sendFrom$(generate(), toMessage, { concurrency: 4 })
    const error = await failureOf(sent$.forEach(({ input }) => sent.push(input)))
    expect(error).toMatchObject({ code: 'ERR_RMQ_STREAM_STOPPED', input: 40, cause: { code: 'ERR_RMQ_ILLEGAL' } })
    expect(told.returned).toBe(true)
    const all = [...sent, 40, ...(error.unsent as number[])].sort((a, b) => a - b)
    expect(all).toEqual(Array.from({ length: told.read }, (_, n) => n))
  })
}

it('with onError: continue every item has its outcome, in source order if wanted', async () => {
  const numbers = await numbersTopic()
  await using client = quietClient(cluster)
  const toMessage = (n: number) => message(numbers, n, n % 10 === 0 ? { delayLevel: 99 } : {})
  const options = { onError: 'continue', order: 'source', concurrency: 8 } as const
  const outcomes = await lastValueFrom(
    client.producer(PATIENT).sendFrom$(countedNumbers(200).sync(), toMessage, options).pipe(toArray()),
  )
  expect(outcomes.map(({ input }) => input)).toEqual(Array.from({ length: 200 }, (_, n) => n))
  expect(outcomes.filter(({ ok }) => !ok).map(({ input }) => input)).toEqual(
    Array.from({ length: 20 }, (_, n) => n * 10),
  )
})

it('a Node stream is a source, is read no further than needed, and is destroyed when unsubscribed', async () => {
  const texts = topic(unique('texts'), codecs.text)
  await cluster.createTopic(texts.name)
  await using client = quietClient(cluster)
  const producer = client.producer(PATIENT)
  const lines = Readable.from(['one', 'two', 'three'])
  const sent = await lastValueFrom(
    producer.sendFrom$<string, string>(lines, line => message(texts, line)).pipe(toArray()),
  )
  expect(sent.map(({ input }) => input).sort()).toEqual(['one', 'three', 'two'])
  expect(lines.destroyed).toBe(true)

  const endless = new Readable({ objectMode: true, highWaterMark: 4, read() { this.push('more') } }) // prettier-ignore
  await lastValueFrom(producer.sendFrom$<string, string>(endless, line => message(texts, line)).pipe(take(5)))
  await expect.poll(() => endless.destroyed).toBe(true)
})

it('a generator that fails ends the stream with its failure', async () => {
  const numbers = await numbersTopic()
  await using client = quietClient(cluster)
  async function* broken() {
    yield await Promise.resolve(1)
    throw new Error('the cursor broke')
  }
  await expect(
    lastValueFrom(client.producer().sendFrom$(broken(), n => message(numbers, n), { onError: 'continue' })),
  ).rejects.toThrow('the cursor broke')
})

it('nothing is read before sendFrom$ is subscribed', async () => {
  const numbers = await numbersTopic()
  await using client = quietClient(cluster)
  const { told, sync } = countedNumbers()
  void client.producer().sendFrom$(sync(), n => message(numbers, n))
  await firstValueFrom(timer(20))
  expect(told.read).toBe(0)
})
