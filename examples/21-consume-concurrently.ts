import { lastValueFrom, range, take, tap, timer } from 'rxjs'
import { codecs, createClient, message, on, topic } from 'rocketmq-rxjs'
import { openCluster, perRun } from './cluster.ts'

/**
 * Many handlers at once, in no order: as Java's consumeThreadMax 40 and pullBatchSize 16. Handlers are promises, streams or
 * plain functions. What bounds memory is not `concurrency` but `flow`: so many messages are in hand, then no more are pulled.
 */
await using cluster = await openCluster()
await using client = createClient(cluster.config)
const orders = topic(perRun('order_topic'), codecs.json<{ n: number }>())
const TOTAL = 400
await lastValueFrom(range(0, TOTAL).pipe(client.producer().sendAll(n => message(orders, { n }))))

const consumer = client.consumer({
  group: perRun('order_group'),
  subscribe: [on(orders)],
  startFrom: 'first',
  flow: { pullBatch: 16, unsettled: 200 },
})
let working = 0
let most = 0
const work$ = () => {
  most = Math.max(most, ++working)
  return timer(10).pipe(tap(() => working--)) // done when the stream completes
}
const seen = new Set<number>()
await lastValueFrom(
  consumer.process$(work$, { concurrency: 40 }).pipe(
    tap(({ delivery }) => seen.add(delivery.message.body.n)),
    take(TOTAL),
  ),
)
console.log(`${seen.size} orders, several at once: ${most > 1}, never more than 40: ${most <= 40}`)
