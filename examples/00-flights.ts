import { concat, defer, EMPTY, filter, finalize, lastValueFrom, merge, ReplaySubject, share, startWith } from 'rxjs'
import { take, takeUntil, tap, timeout } from 'rxjs'
import { codecs, createClient, isRocketError, message, on, topic } from 'rocketmq-rxjs'
import type { Delivery } from 'rocketmq-rxjs'
import { openCluster, perRun } from './cluster.ts'
import { createDelays } from './flights/delays.ts'
import { drawInPlace } from './flights/draw-in-place.ts'
import { withFingerprints } from './flights/fingerprints.ts'
import { readFlights, TAGS, toMessage } from './flights/flight.ts'
import type { Flight } from './flights/flight.ts'
import { INTERRUPTED, interrupted$, wasInterrupted } from './flights/interrupts.ts'
import { createLedger } from './flights/ledger.ts'
import { allQueuesHeld$ } from './flights/members.ts'
import { createOrderCheck } from './flights/order.ts'
import { progress$ } from './flights/progress.ts'
import { replay$ } from './flights/replay.ts'
import { isFlawless, jsonLine, summary } from './flights/summary.ts'
import { count } from './flights/words.ts'

const tell = (line: string): unknown => process.stderr.write(`${line}\n`)

/**
 * Three months of flights as events: sent through `sendAll`, received by two members of a group, and accounted for one by
 * one. On an embedded cluster, or on yours at ROCKETMQ_NAMESRV_ADDR. `--json` adds a last line for programs.
 */
const main = async (asJson: boolean): Promise<number> => {
  await using cluster = await openCluster()
  const events = await readFlights()

  // A topic knows its type. This one's bodies are JSON, and a fingerprint of each is kept.
  const { codec, fingerprintOf } = withFingerprints(codecs.json<Flight>())
  const flights = topic(perRun('flights'), codec)

  // Three clients, as if in three processes. A client connects when it has something to do.
  await using tower = createClient(cluster.config)
  await using east = createClient(cluster.config)
  await using west = createClient(cluster.config)
  const clients = [tower, east, west]
  const producer = tower.producer({ defaultTopicQueues: 8 })
  const group = { group: perRun('airports'), subscribe: [on(flights, { tags: TAGS.join(' || ') })] as const }
  const consumers = [east, west].map(client => client.consumer({ ...group, startFrom: 'first' }))

  // The first message creates the topic. Its tag is none that the group asks for.
  await producer.send(message(topic(flights.name, codecs.text), 'boarding', { tag: 'boarding' }))
  tell(
    `${count(events.length)} flights through topic ${flights.name}, ${cluster.kind} at ${String(cluster.config.nameServers)}`,
  )

  const ledger = createLedger()
  const order = createOrderCheck()
  const delays = createDelays()
  const arrive = ({ message: { body } }: Delivery<string, Flight>): void => {
    if (!ledger.enterReceived(body.no, fingerprintOf(body))) return
    order.see(body)
    delays.add(body)
  }

  // Receive until done: one at a time per queue, each acknowledged when `arrive` has returned.
  const done = new ReplaySubject<void>(1)
  const received$ = merge(
    ...consumers.map(consumer => consumer.process$(arrive, { keyBy: 'queue', until: done })),
  ).pipe(share())

  // Send what happens: many at once, one at a time per airport. An event source does not wait, so there is room for all.
  let startedAt = performance.now()
  let departed = 0
  const departures$ = defer(() => {
    startedAt = performance.now()
    return replay$(events, 10)
  }).pipe(
    tap(() => departed++),
    takeUntil(interrupted$), // above the sends: nothing new begins, what has begun ends well
  )
  const sent$ = departures$.pipe(
    producer.sendAll(toMessage(flights), { keyBy: ({ origin }) => origin, buffer: { count: events.length } }),
    tap(({ input }) => ledger.enterSent(input.no, fingerprintOf(input))),
  )

  const allArrived$ = received$.pipe(
    timeout({ each: 10_000, with: () => EMPTY }), // what has not come by then is lost
    startWith(undefined),
    filter(() => ledger.received() >= ledger.sent()),
    take(1),
  )

  // Nothing moves from member to member under load: first the queues, then the flights.
  const ready$ = allQueuesHeld$(flights.name, tower, consumers).pipe(
    tap(held => tell(`the members of the group hold ${held.join(' and ')} queues`)),
    takeUntil(interrupted$),
  )
  const job$ = merge(received$, concat(ready$, sent$, allArrived$).pipe(finalize(() => done.next())))

  if (process.stderr.isTTY) {
    const counts = () => ({ departed, sent: ledger.sent(), received: ledger.received() })
    const watched = { total: events.length, topic: flights.name, counts, producer, consumers, clients }
    progress$(watched).pipe(takeUntil(done)).subscribe(drawInPlace(process.stderr))
  }
  await lastValueFrom(job$, { defaultValue: undefined })

  const outcome = {
    ...ledger.balance(),
    outOfOrder: order.outOfOrder(),
    airports: order.airports(),
    seconds: (performance.now() - startedAt) / 1_000,
    target: cluster.kind,
  }
  const report = asJson ? process.stderr : process.stdout
  report.write(`${summary(outcome, delays.worst(10, 20)).join('\n')}\n`)
  if (wasInterrupted()) {
    const { sent, lost } = outcome
    tell(`interrupted: ${count(events.length - sent)} flights were not sent, ${count(lost)} were sent and not received`)
  }
  if (asJson) process.stdout.write(`${jsonLine(outcome)}\n`)
  return wasInterrupted() ? INTERRUPTED : isFlawless(outcome) ? 0 : 1
}

process.exitCode = await main(process.argv.includes('--json')).catch((error: unknown) => {
  tell(isRocketError(error) ? `${error.message} (${error.advice ?? error.code})` : String(error))
  return 1
})
