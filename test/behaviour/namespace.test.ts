import { firstValueFrom } from 'rxjs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { codecs, message, on, topic } from '../../src/index.ts'
import { consume, processedCount } from '../support/consuming.ts'
import { failureOf } from '../support/failure.ts'
import { firstWhere } from '../support/first-where.ts'
import { PATIENT, quietClient } from '../support/quiet-client.ts'
import { readAll, settledCount } from '../support/stored.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'

const NAMESPACE = 'tenant'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget()
})
afterAll(() => cluster.stop())

const textTopic = async (namespace = NAMESPACE) => {
  const texts = topic(unique('texts'), codecs.text)
  await cluster.createTopic(`${namespace}%${texts.name}`, { queues: 1 })
  return texts
}
const wired = (name: string) => topic(`${NAMESPACE}%${name}`, codecs.text)

it('a topic is in the namespace on the brokers, and bare for whoever sends', async () => {
  const texts = await textTopic()
  await using inside = quietClient(cluster, { namespace: NAMESPACE })
  await using outside = quietClient(cluster)
  const { queue } = await inside.producer(PATIENT).send(message(texts, 'x', { properties: { color: 'red' } }))
  expect(queue.topic).toBe(texts.name)
  expect((await firstWhere(inside.routes$(texts), ({ status }) => status === 'known')).topic).toBe(texts.name)
  const [stored] = await readAll(outside, wired(texts.name), { atLeast: 1 })
  expect(stored?.body).toBe('x')
  expect(stored?.properties).toMatchObject({ color: 'red', INSTANCE_ID: NAMESPACE })
})

it('a consumer gets what was sent in its namespace, by bare names, also when it comes again', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster, { namespace: NAMESPACE })
  await client.producer(PATIENT).send(message(texts, 'again'))
  const seen: (readonly [topic: string, reconsumed: number])[] = []
  const consumer = client.consumer({ group: unique('g'), subscribe: [on(texts)], startFrom: 'first' })
  const got = consume(consumer, ({ message: { topic: name, reconsumeTimes } }) => {
    seen.push([name, reconsumeTimes])
    if (reconsumeTimes === 0) throw new Error('once more')
  })
  await processedCount(got, 2)
  expect(seen).toEqual([
    [texts.name, 0],
    [texts.name, 1],
  ])
})

it('two namespaces do not see each other, and an error names the topic as the user does', async () => {
  const texts = await textTopic()
  await using other = quietClient(cluster, { namespace: 'elsewhere' })
  await using outside = quietClient(cluster)
  const error = await failureOf(other.producer({ autoCreateTopics: false, ...PATIENT }).send(message(texts, 'x')))
  expect(error).toMatchObject({ code: 'ERR_RMQ_ROUTE_NOT_FOUND', topic: texts.name })
  expect(await settledCount(outside, wired(texts.name).name)).toBe(0)
})

it('a topic that does not exist yet is created in the namespace, and has as many queues as the template of all says', async () => {
  const texts = topic(unique('made'), codecs.text)
  await using inside = quietClient(cluster, { namespace: NAMESPACE })
  await using outside = quietClient(cluster)
  expect((await inside.producer(PATIENT).send(message(texts, 'x'))).status).toBe('ok')
  const made = await firstWhere(outside.routes$(wired(texts.name)), ({ status }) => status === 'known')
  expect(made.publishQueues).toHaveLength(4)
  expect((await firstValueFrom(outside.routes$(texts))).status).toBe('missing')
})
