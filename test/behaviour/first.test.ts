import { filter, firstValueFrom, range, take, toArray } from 'rxjs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { codecs, createClient, message, on, topic } from '../../src/index.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget()
})
afterAll(() => cluster.stop())

it('sends and receives', async () => {
  const numbers = topic(unique('numbers'), codecs.json<{ n: number }>())
  await cluster.createTopic(numbers.name, { queues: 4 })
  await using client = createClient({ nameServers: cluster.nameServers })
  client.events$.subscribe(e => process.env.TRACE && console.error(JSON.stringify(e)))
  const producer = client.producer()
  const sent = await firstValueFrom(
    range(0, 100).pipe(
      producer.sendAll(n => message(numbers, { n })),
      toArray(),
    ),
  )
  expect(sent).toHaveLength(100)
  const consumer = client.consumer({ group: unique('g'), subscribe: [on(numbers)], startFrom: 'first' })
  const got = await firstValueFrom(consumer.process$(d => void d.message.body.n).pipe(take(100), toArray()))
  expect(new Set(got.map(p => (p.delivery.message.body as { n: number }).n)).size).toBe(100)
})
