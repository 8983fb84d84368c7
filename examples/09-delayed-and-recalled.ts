import { lastValueFrom, take, toArray } from 'rxjs'
import { codecs, createClient, message, on, topic } from 'rocketmq-rxjs'
import { openCluster, perRun } from './cluster.ts'

/**
 * Messages that name their time: after so many milliseconds, or at a date, which brokers of 5.0 and later count in seconds.
 * One of them is taken back before its time by the handle that its send gave, which needs 5.3.2 and an operator who allows
 * it (`recallMessageEnable`).
 */
await using cluster = await openCluster()
await using client = createClient(cluster.config)
const reminders = topic(perRun('reminders'), codecs.text)
const producer = client.producer()
const startedAt = Date.now()

await producer.send(message(reminders, 'the second', { deliver: { at: new Date(startedAt + 4_000) } }))
await producer.send(message(reminders, 'the first', { deliver: { afterMs: 2_000 } }))
const { recallHandle = '' } = await producer.send(message(reminders, 'never mind', { deliver: { afterMs: 3_000 } }))
await producer.recall({ topic: reminders, recallHandle })

const consumer = client.consumer({ group: perRun('forgetful'), subscribe: [on(reminders)], startFrom: 'first' })
const delivered = await lastValueFrom(
  consumer
    .process$(({ message: { body, storedAt } }) => {
      console.log(`${body}: after ${Math.floor((storedAt.getTime() - startedAt) / 1_000)} s`)
    })
    .pipe(take(2), toArray()),
)

console.log(`delivered: ${delivered.map(({ delivery }) => delivery.message.body).join(', ')}`)
