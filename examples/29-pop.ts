import { lastValueFrom, map, merge, range, take, timer, toArray } from 'rxjs'
import { codecs, createClient, message, on, topic } from 'rocketmq-rxjs'
import { openCluster, perRun } from './cluster.ts'

/**
 * Brokers of RocketMQ 5 can keep progress message by message: then one queue feeds any number of members, and a slow
 * message holds nobody up. What a member has is invisible to the others for `invisibleMs`; `delivery.extend$` prolongs it.
 */
await using cluster = await openCluster()
await using client = createClient(cluster.config)
await using another = createClient(cluster.config)
const pictures = topic(perRun('pictures'), codecs.json<{ n: number }>())
const TOTAL = 60
const toOneQueue = { shardKey: 'all' }
await lastValueFrom(range(0, TOTAL).pipe(client.producer().sendAll(n => message(pictures, { n }, toOneQueue))))

const group = perRun('painters')
const painted$ = [client, another].map((member, number) =>
  member
    .consumer({
      group,
      subscribe: [on(pictures)],
      startFrom: 'first',
      acknowledge: 'pop',
      flow: { pullBatch: 4, unsettled: 4, unsettledPerQueue: 4 }, // small, so that there is something for both
    })
    .process$(() => timer(10), { concurrency: 4 })
    .pipe(map(({ delivery }) => ({ number, n: delivery.message.body.n, queueId: delivery.message.queue.queueId }))),
)
const painted = await lastValueFrom(merge(...painted$).pipe(take(TOTAL), toArray()))
const distinct = (values: readonly number[]): number => new Set(values).size
console.log(
  `${distinct(painted.map(({ n }) => n))} pictures of ${distinct(painted.map(({ queueId }) => queueId))} queue, ` +
    `painted by ${distinct(painted.map(({ number }) => number))} members`,
)
