import { filter, firstValueFrom, lastValueFrom, map, range, toArray } from 'rxjs'
import { codecs, createClient, message, topic } from 'rocketmq-rxjs'
import { startEmbeddedCluster } from 'rocketmq-rxjs/embedded'
import { perRun } from './cluster.ts'

/**
 * Two brokers, watched. One is taken out of service for maintenance: nothing new is sent to it, without an error anywhere.
 * Then it comes back. Later the other one falls silent, and the client notices by itself. Always on the embedded cluster.
 */
await using cluster = await startEmbeddedCluster({ brokers: 2 })
await using client = createClient({ nameServers: cluster.nameServers, logger: false }) // failures are expected
const producer = client.producer({ group: perRun('sensors') })
const readings = topic(perRun('readings'), codecs.json<{ n: number }>())
cluster.createTopic(readings.name, { queues: 4 })
await producer.warmup([readings])

/** Sends twenty, and says to which brokers they went. */
const brokersOfTwenty = async (): Promise<string> => {
  const results = await lastValueFrom(
    range(0, 20).pipe(
      producer.sendAll(n => message(readings, { n }), { concurrency: 1 }),
      map(({ result: { queue } }) => queue.brokerName),
      toArray(),
    ),
  )
  return [...new Set(results)].sort().join(' and ')
}

// What changes is an event; how things are is a state, and whoever comes late still gets it.
const story: string[] = []
const watching = client.events$.subscribe({
  next: event => {
    if (event.type !== 'broker-health') return
    story.push(`${event.brokerName} ${event.to}`)
    console.log(`  event: ${event.brokerName} was ${event.from}, is ${event.to}`)
  },
  error: console.error,
})
const state$ = (brokerName: string) => client.health$.pipe(map(table => table.get(brokerName)?.state))

console.log(`both well: ${await brokersOfTwenty()}`)
client.suspendBroker('broker-a')
console.log(`broker-a suspended: ${await brokersOfTwenty()}`)
client.recoverBroker('broker-a')
console.log(`broker-a recovered: ${await brokersOfTwenty()}`)

// The other one stops answering. Five failures in a row make it unhealthy: from then on the sends avoid it by themselves.
cluster.pauseBroker(1)
const queue = { topic: readings.name, brokerName: 'broker-b', queueId: 0 }
const inVain = Array.from({ length: 5 }, (_, n) =>
  producer.sendOutcome(message(readings, { n }), { queue, timeoutMs: 100 }),
)
const failed = (await Promise.all(inVain)).filter(({ ok }) => !ok).length
await firstValueFrom(state$('broker-b').pipe(filter(state => state === 'unhealthy')))
console.log(`broker-b is silent, ${failed} sends failed, then: ${await brokersOfTwenty()}`)

// Whoever knows that it is well again need not wait for it to be tried out.
cluster.resumeBroker(1)
client.recoverBroker('broker-b')
console.log(`broker-b recovered: ${await brokersOfTwenty()}`)
watching.unsubscribe()
console.log(story.join(', '))
