import { afterAll, beforeAll, expect, it } from 'vitest'
import { codecs, message, on, topic } from '../../src/index.ts'
import { eventsOf, ofType, PATIENT, quietClient } from '../support/quiet-client.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'
import { unhandledErrors } from '../support/unhandled-errors.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget({ own: true })
})
afterAll(() => cluster.stop())

unhandledErrors()

it('a poll that waits outlives its broker: it is told nothing of it, and gets what comes when the broker is back', async () => {
  const numbers = topic(unique('numbers'), codecs.json<number>())
  await cluster.createTopic(numbers.name, { queues: 1 })
  await using client = quietClient(cluster)
  const events = eventsOf(client)
  const options = { group: unique('g'), subscribe: [on(numbers)], startFrom: 'first', autoCommit: false } as const
  const consumer = client.pullConsumer(options)
  await client.producer().send(message(numbers, 1))
  expect((await consumer.poll()).map(({ body }) => body)).toEqual([1])

  const waiting = consumer.poll(120_000)
  await cluster.killBroker()
  await expect.poll(() => ofType(events, 'consumer-failure').length, { timeout: 30_000 }).toBeGreaterThan(0)
  await cluster.restartBroker()
  await using other = quietClient(cluster)
  await other.producer().send(message(numbers, 2), PATIENT)
  expect((await waiting).map(({ body }) => body)).toEqual([2])
  await consumer.commit()
  expect(await consumer.close()).toMatchObject({ forced: false, uncommitted: 0 })
})
