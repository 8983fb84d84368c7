import { firstValueFrom } from 'rxjs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { codecs, message, on, topic, type Client } from '../../src/index.ts'
import { consume, processedCount } from '../support/consuming.ts'
import { PATIENT, quietClient } from '../support/quiet-client.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget()
})
afterAll(() => cluster.stop())

const numbersTopic = async (queues = 1, namespace = '') => {
  const numbers = topic(unique('numbers'), codecs.json<number>())
  await cluster.createTopic(namespace + numbers.name, { queues })
  return numbers
}
type Numbers = Awaited<ReturnType<typeof numbersTopic>>

/** 0 to 19: `n` is the number, every second is of the `eu`, every fifth has the tag `fifth`, and 7 has no `n`. */
const sendNumbers = async (client: Client, numbers: Numbers): Promise<void> => {
  const producer = client.producer(PATIENT)
  for (let n = 0; n < 20; n++) {
    const properties = { ...(n !== 7 && { n: String(n) }), region: n % 2 === 0 ? 'eu' : 'us' }
    await producer.send(message(numbers, n, { properties, ...(n % 5 === 0 && { tag: 'fifth' }) }))
  }
}

const bySql = (client: Client, numbers: Numbers, sql: string) =>
  client.consumer({ group: unique('g'), subscribe: [on(numbers, { sql })], startFrom: 'first' })

it.each([
  ["n > 3 and region = 'eu'", [4, 6, 8, 10, 12, 14, 16, 18]],
  ["n IS NULL OR n BETWEEN 17 AND 18 OR TAGS = 'fifth'", [0, 5, 7, 10, 15, 17, 18]],
  ["NOT (region IN ('eu', 'asia')) AND n <> 3 AND n < 8", [1, 5]],
])('a consumer by SQL gets exactly the messages whose properties satisfy %s', async (sql, wanted) => {
  const numbers = await numbersTopic()
  await using client = quietClient(cluster)
  await sendNumbers(client, numbers)
  const consumer = bySql(client, numbers, sql)
  const got = consume(consumer, () => undefined)
  await processedCount(got, wanted.length)
  const seen = got.processed.map(({ delivery }) => delivery.message.body)
  expect(seen).toEqual(wanted)
  await expect.poll(() => lagOf(consumer, numbers)).toBe(0) // what is passed over counts as consumed
  expect(got.processed).toHaveLength(wanted.length)
})

const lagOf = async (consumer: ReturnType<typeof bySql>, numbers: Numbers): Promise<number | undefined> =>
  (await firstValueFrom(consumer.lag$())).find(({ queue }) => queue.topic === numbers.name)?.lag

it('messages that arrive while a pull waits are filtered, and those that failed come again', async () => {
  const numbers = await numbersTopic()
  await using client = quietClient(cluster)
  const consumer = bySql(client, numbers, 'n > 3')
  const got = consume(consumer, ({ message: { reconsumeTimes } }) => {
    if (reconsumeTimes === 0) throw new Error('once more')
  })
  await sendNumbers(client, numbers)
  await processedCount(got, 2 * 15)
  const settled = got.processed.filter(({ settlement }) => settlement === 'acked')
  const bodies = settled.map(({ delivery }) => delivery.message.body).sort((a, b) => a - b)
  expect(bodies).toEqual([4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19])
})

it('a namespace is no matter to it', async () => {
  const numbers = await numbersTopic(1, 'tenant%')
  await using client = quietClient(cluster, { namespace: 'tenant' })
  await sendNumbers(client, numbers)
  const got = consume(bySql(client, numbers, 'n > 17'), () => undefined)
  await processedCount(got, 2)
  expect(got.processed.map(({ delivery }) => delivery.message.body)).toEqual([18, 19])
})

it.each(['n >', "n > 'three'", 'n BETWEEN 5 AND 1', 'n IN (1, 2)'])(
  'a consumer by an expression that the broker cannot read, %s, fails at its start and says so',
  async sql => {
    const numbers = await numbersTopic()
    await using client = quietClient(cluster)
    const got = consume(bySql(client, numbers, sql), () => undefined)
    await got.over
    expect(got.failure()).toMatchObject({
      code: 'ERR_RMQ_ILLEGAL',
      topic: numbers.name,
      responseCode: 23,
      retriable: false,
      message: expect.stringContaining(`of topic "${numbers.name}"`) as string,
    })
  },
)

it('a consumer by SQL on a broker that does not filter by properties is told which setting is off', async () => {
  const plain = await startTarget({ enablePropertyFilter: false })
  try {
    const numbers = topic(unique('numbers'), codecs.json<number>())
    await plain.createTopic(numbers.name, { queues: 1 })
    await using client = quietClient(plain)
    const got = consume(bySql(client, numbers, 'n > 3'), () => undefined)
    await got.over
    expect(got.failure()).toMatchObject({
      code: 'ERR_RMQ_ILLEGAL',
      topic: numbers.name,
      advice: expect.stringContaining('enablePropertyFilter=true') as string,
      message: expect.stringContaining('enablePropertyFilter is off') as string,
    })
    await sendNumbers(client, numbers)
    const byTags = client.consumer({
      group: unique('g'),
      subscribe: [on(numbers, { tags: 'fifth' })],
      startFrom: 'first',
    })
    await processedCount(
      consume(byTags, () => undefined),
      4,
    )
  } finally {
    await plain.stop()
  }
})
