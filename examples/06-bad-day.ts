import { concatMap, delay, ignoreElements, interval, lastValueFrom, merge, of, take, toArray } from 'rxjs'
import { codecs, createClient, message, topic } from 'rocketmq-rxjs'
import { startEmbeddedCluster } from 'rocketmq-rxjs/embedded'
import { perRun } from './cluster.ts'

/**
 * The only broker dies while events are being sent, and comes back half a second later. The connection is made anew, sends
 * are repeated under the same message id, and every event has exactly one outcome. Always on the embedded cluster.
 */
await using cluster = await startEmbeddedCluster()
await using client = createClient({ nameServers: cluster.nameServers, logger: false }) // lost connections are expected
const producer = client.producer()
const readings = topic(perRun('readings'), codecs.json<{ n: number }>())

const badDay$ = of('dies').pipe(
  delay(300),
  concatMap(() => cluster.killBroker()),
  delay(500),
  concatMap(() => cluster.restartBroker()),
  ignoreElements(),
)
const outcomes$ = interval(1).pipe(
  take(1_000),
  producer.sendAll(n => message(readings, { n }), { onError: 'continue' }),
)
const outcomes = await lastValueFrom(merge(outcomes$, badDay$).pipe(toArray()))

// What the client says is compared with what the broker has.
const inBroker = new Set(cluster.peek(readings.name).map(({ properties }) => properties['UNIQ_KEY']))
const stored = outcomes.flatMap(outcome => (outcome.ok ? [outcome.result] : []))
const missing = stored.filter(({ messageId }) => !inBroker.has(messageId)).length
console.log(`${stored.filter(({ attempts }) => attempts > 1).length} sends were repeated`)
console.log(
  `${outcomes.length} events, ${outcomes.length} outcomes: ${stored.length} stored, ${missing} of them missing`,
)
