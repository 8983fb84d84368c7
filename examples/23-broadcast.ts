import { lastValueFrom, map, take, toArray } from 'rxjs'
import { codecs, createClient, memoryOffsets, message, on, topic } from 'rocketmq-rxjs'
import { openCluster, perRun } from './cluster.ts'

/**
 * Every member of the group gets every message. Brokers keep no progress then: each member keeps its own, in a file by
 * default (`fileOffsets`), here in memory, so that it begins anew each time. What fails is told and not tried again.
 */
await using cluster = await openCluster()
await using sender = createClient(cluster.config)
const notices = topic(perRun('notices'), codecs.text)
const group = perRun('notification_group')

const texts = ['maintenance at noon', 'coffee is ready', 'maintenance is over']
for (const text of texts) await sender.producer().send(message(notices, text))

/** A member is a client: two in one process, as they would be in two. */
const receive = async (name: string): Promise<number> => {
  await using client = createClient(cluster.config)
  const consumer = client.consumer({
    group,
    subscribe: [on(notices)],
    model: 'broadcasting',
    startFrom: 'first',
    offsets: memoryOffsets(),
  })
  const got = await lastValueFrom(
    consumer
      .process$(() => undefined)
      .pipe(
        map(({ delivery }) => delivery.message.body),
        take(texts.length),
        toArray(),
      ),
  )
  console.log(`${name}: ${got.sort().join(', ')}`)
  return got.length
}
const counts = await Promise.all([receive('screen one'), receive('screen two')])
console.log(`${texts.length} notices, received ${counts.join(' and ')} times`)
