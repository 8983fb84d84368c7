import { count, lastValueFrom, map, merge, mergeMap, range, take } from 'rxjs'
import { codecs, createClient, message, on, topic } from 'rocketmq-rxjs'
import { openCluster, perRun } from './cluster.ts'

/**
 * Two streams of telemetry that want opposite things. Logs: write and forget, a lost line is no harm, and the lines of one
 * stream belong together, so its id is the sharding key. Metrics: each reading counts, and they are many and small, so they
 * gather into few requests and each has its outcome.
 */
interface LogLine {
  readonly stream: string
  readonly line: string
}
interface Metric {
  readonly name: string
  readonly value: number
}
await using cluster = await openCluster()
await using client = createClient(cluster.config)
const producer = client.producer({ group: perRun('agents') })
const logs = topic(perRun('logs'), codecs.json<LogLine>())
const metrics = topic(perRun('metrics'), codecs.json<Metric>())

// A one-way message cannot report that its topic does not exist yet, so one that is answered goes first.
await producer.send(message(logs, { stream: 'agent', line: 'started' }))

const STREAMS = ['web', 'shop', 'mail']
const LINES = 100
const queuesOf = new Map<string, Set<string>>(STREAMS.map(stream => [stream, new Set()]))
const lines$ = range(0, LINES * STREAMS.length).pipe(
  map((n): LogLine => ({ stream: STREAMS[n % STREAMS.length] ?? '', line: `line ${Math.floor(n / STREAMS.length)}` })),
)
const logged$ = lines$.pipe(
  // No limit is needed here: the producer has its own, and beyond maxQueued a line fails with ERR_RMQ_OVERFLOW.
  mergeMap(line =>
    producer.oneway$(message(logs, line, { shardKey: line.stream })).pipe(map(receipt => ({ line, receipt }))),
  ),
  map(({ line: { stream }, receipt: { queue } }) => queuesOf.get(stream)?.add(`${queue.brokerName}:${queue.queueId}`)),
)
const measured$ = range(1, 1_000).pipe(
  map((n): Metric => ({ name: `cpu.${n % 4}`, value: n % 100 })),
  producer.sendAll(metric => message(metrics, metric, { tag: 'cpu' }), {
    batch: { maxCount: 200, lingerMs: 10 },
    onError: 'continue',
  }),
)
await lastValueFrom(merge(logged$, measured$))
const { sent, oneway, batches } = producer.stats()
for (const [stream, queues] of queuesOf) console.log(`the lines of ${stream} are in ${[...queues].join(' and ')}`)
console.log(`${oneway} lines that nobody answered, ${sent - 1} readings in ${batches} requests`)

// The topics are new, and with several brokers some may have got them only now: ask again, not at the next refresh.
client.refreshRoutes()

// Who reads takes both with one consumer: each message has its topic and its type.
const reader = client.consumer({
  group: perRun('dashboards'),
  subscribe: [on(logs), on(metrics, { tags: 'cpu' })],
  startFrom: 'first',
})
const seen = { lines: 0, readings: 0 }
const total = 1 + oneway + sent - 1
await lastValueFrom(
  reader
    .process$(({ message: { topic: name } }) => void (name === logs.name ? seen.lines++ : seen.readings++))
    .pipe(take(total), count()),
)
console.log(`${seen.lines} lines and ${seen.readings} readings arrived, few requests: ${batches <= 20}`)
