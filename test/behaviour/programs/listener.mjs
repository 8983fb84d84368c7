/**
 * A process of its own for the test of coordinators over a topic. It sends nothing until a broker is ill, of which only
 * others can have told it; then it says where its messages went.
 */
import { clearInterval, setInterval } from 'node:timers'
import { filter, firstValueFrom, from, lastValueFrom, map, take, toArray } from 'rxjs'
import { codecs, createClient, message, topic, topicCoordinator } from 'rocketmq-rxjs'

const [nameServers = '', topicName = '', outcomes = ''] = process.argv.slice(2)
const coordinator = topicCoordinator({ nameServers }, { topic: outcomes, everyMs: 100 })
const client = createClient({
  nameServers,
  logger: false,
  coordinator,
  health: { unhealthyAfter: 3, degradedAfter: 2 },
})
coordinator.failures$.subscribe(error => console.error(String(error)))
const texts = topic(topicName, codecs.text)
const producer = client.producer({ timeoutMs: 30_000 })
await producer.warmup([texts], { timeoutMs: 30_000 })
console.log('knows the brokers')
const alive = setInterval(() => undefined, 1_000) // neither a coordinator nor a state keeps a process alive

const ill$ = client.health$.pipe(
  map(table => [...table.values()].find(({ state }) => state === 'unhealthy')),
  filter(broker => broker !== undefined),
)
const { brokerName, sent } = await firstValueFrom(
  ill$.pipe(map(broker => ({ ...broker, sent: producer.stats().sent }))),
)
console.log(`${brokerName} is ill, and ${sent} were sent`)
const went$ = from(Array(8).keys()).pipe(
  producer.sendAll(n => message(texts, `m${n}`), { concurrency: 1 }),
  map(({ result: { queue, attempts } }) => `${queue.brokerName} ${attempts}`),
  take(8),
  toArray(),
)
console.log(`went to ${[...new Set(await lastValueFrom(went$))].join(', ')}`)
clearInterval(alive)
await client.close()
await coordinator.close()
