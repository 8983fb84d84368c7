import { distinctUntilChanged, filter, firstValueFrom, lastValueFrom, map, mergeMap, range } from 'rxjs'
import { codecs, createClient, message, topic } from 'rocketmq-rxjs'
import type { ProducerStats } from 'rocketmq-rxjs'
import { startEmbeddedCluster } from 'rocketmq-rxjs/embedded'
import { perRun } from './cluster.ts'

/**
 * Alerts made of the statistics of a producer: less than 95 of 100 sends succeed, or more than 1,000 have failed. The only
 * broker dies, and the alert comes; when the counting begins anew, it goes. Always on the embedded cluster.
 */
await using cluster = await startEmbeddedCluster()
await using client = createClient({ nameServers: cluster.nameServers, logger: false }) // lost connections are expected
const producer = client.producer({ group: 'watched', retries: 0, timeoutMs: 200 })
const readings = topic(perRun('readings'), codecs.json<{ n: number }>())
cluster.createTopic(readings.name)
await producer.warmup([readings]) // the first send finds routes, connections and heartbeats ready

const isBad = ({ successRate, failed }: ProducerStats): boolean => successRate < 0.95 || failed > 1_000
const alerts$ = producer.stats$(20).pipe(map(isBad), distinctUntilChanged())
const watching = alerts$.subscribe({
  next: bad => console.log(bad ? 'ALERT: too many sends fail' : 'all is well'),
  error: console.error,
})
const next = (wanted: boolean) => firstValueFrom(alerts$.pipe(filter(bad => bad === wanted)))
const sendMany = (count: number) =>
  lastValueFrom(range(0, count).pipe(mergeMap(n => producer.sendOutcome$(message(readings, { n })), 20)))

await sendMany(200)
await next(false)
await cluster.killBroker()
await sendMany(50)
await next(true)
const { sent, failed, successRate, latencyMs } = producer.stats()
console.log(`99 of 100 sends took ${latencyMs.p99} ms at most`)
producer.resetStats()
await next(false)
watching.unsubscribe()
console.log(`${sent} sent, ${failed} failed: ${(successRate * 100).toFixed(1)} % succeeded, and that was noticed`)
