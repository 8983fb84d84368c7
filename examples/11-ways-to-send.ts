import { count, lastValueFrom, range, take } from 'rxjs'
import { codecs, createClient, message, on, topic } from 'rocketmq-rxjs'
import { openCluster, perRun } from './cluster.ts'

/**
 * Five ways to send. What differs is who answers, and how many messages share a request. Each of them is also there with a
 * `$` at its end, as an Observable that sends when it is subscribed to; `sendAll` is an operator for whole streams.
 */
await using cluster = await openCluster()
await using client = createClient(cluster.config)
const producer = client.producer({ group: perRun('postmen') })
const letters = topic(perRun('letters'), codecs.text)
const letter = (text: string) => message(letters, text)

// 1. One message, one request, one answer: the broker has it.
const { status } = await producer.send(letter('a letter'))
console.log(`send: ${status}`)

// 2. Several messages in one request: the broker stores all of them or none.
const results = await producer.sendBatch(['a', 'b', 'c'].map(letter))
console.log(`sendBatch: ${results.length} results, all of queue ${results[0]?.queue.queueId}`)

// 3. Nobody answers: the receipt says that the socket took the message, not that a broker has it.
const { queue } = await producer.oneway(letter('a postcard'))
console.log(`oneway: on its way to ${queue.brokerName}`)

// 4. Several messages, and nobody answers: as fast as it gets, and as little sure.
const receipts = await producer.onewayBatch(['x', 'y', 'z'].map(letter))
console.log(`onewayBatch: ${receipts.length} receipts`)

// 5. A stream, each message an outcome. With `batch`, what waits while a request is on its way travels in the next one.
const before = producer.stats().batches
const stored = await lastValueFrom(
  range(1, 100).pipe(
    producer.sendAll(n => letter(`letter ${n}`), { batch: { maxCount: 50 } }),
    count(),
  ),
)
console.log(`sendAll: ${stored} stored by ${producer.stats().batches - before} requests`)

// Whoever needs to know what became of the one-way messages has to look: they all came through.
const consumer = client.consumer({ group: perRun('readers'), subscribe: [on(letters)], startFrom: 'first' })
const sent = 1 + results.length + 1 + receipts.length + stored
const received = await lastValueFrom(consumer.process$(() => undefined).pipe(take(sent), count()))
console.log(`${sent} messages sent in five ways, ${received} received`)
