import { codecs, createClient, message, topic } from 'rocketmq-rxjs'
import { openCluster, perRun } from './cluster.ts'

/** One message through the promise door: every `x$()` of a single operation has an `x()` that acts at once. */
await using cluster = await openCluster()
await using client = createClient(cluster.config)
const orders = topic(perRun('orders'), codecs.json<{ id: string; cents: number }>())

const { status, messageId, queue } = await client
  .producer()
  .send(message(orders, { id: 'A-1', cents: 1_250 }, { tag: 'new', keys: ['A-1'], shardKey: 'A-1' }))

console.log(`${status}: message ${messageId} is in queue ${queue.queueId} of ${queue.brokerName}`)
