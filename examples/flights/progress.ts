import { combineLatest, map, scan, timer, withLatestFrom } from 'rxjs'
import type { Observable } from 'rxjs'
import type { Client, Consumer, ConnectionInfo, Pressure, Producer, QueueProgress } from 'rocketmq-rxjs'
import { bar } from './bar-chart.ts'
import { count } from './words.ts'

/** What the progress display looks at. */
export interface Watched {
  readonly total: number
  readonly topic: string
  readonly counts: () => Counts
  readonly producer: Pick<Producer, 'pressure$'>
  readonly consumers: readonly Pick<Consumer, 'lag$'>[]
  readonly clients: readonly Pick<Client, 'connections$'>[]
}

interface Counts {
  readonly departed: number
  readonly sent: number
  readonly received: number
}

/** Ten pictures a second, each a few lines: everything in it is a state stream of the library. */
export const progress$ = ({
  total,
  topic,
  counts,
  producer,
  consumers,
  clients,
}: Watched): Observable<readonly string[]> => {
  const queues$ = combineLatest(consumers.map(consumer => consumer.lag$(REFRESH_MS)))
  const connections$ = combineLatest(clients.map(client => client.connections$))
  return timer(0, REFRESH_MS).pipe(
    map(() => ({ at: performance.now(), ...counts() })),
    scan((window, sample) => [...window.slice(-RATE_SAMPLES), sample], [] as Sample[]),
    withLatestFrom(producer.pressure$, queues$, connections$),
    map(([samples, pressure, queues, connections]) => [
      flowLine(samples, total),
      loadLine(samples.at(-1), pressure, queues.flat()),
      lagLine(queues.flat().filter(({ queue }) => queue.topic === topic)),
      connectionLine(connections.flat()),
    ]),
  )
}

const REFRESH_MS = 100
/** The rate is that of the last second. */
const RATE_SAMPLES = 10

interface Sample extends Counts {
  readonly at: number
}

const flowLine = (samples: readonly Sample[], total: number): string => {
  const first = samples[0]
  const last = samples.at(-1)
  if (first === undefined || last === undefined) return ''
  const perSecond = (amount: number): number => Math.round((amount * 1_000) / Math.max(1, last.at - first.at))
  const sent = `sent ${count(last.sent)} (${count(perSecond(last.sent - first.sent))}/s)`
  const received = `received ${count(last.received)} (${count(perSecond(last.received - first.received))}/s)`
  return `${bar(last.received / total, 20).padEnd(20, '░')} ${sent}  ${received}  of ${count(total)}`
}

const loadLine = (now: Counts | undefined, { inFlight }: Pressure, queues: readonly QueueProgress[]): string => {
  const waiting = now === undefined ? 0 : Math.max(0, now.departed - now.sent - inFlight)
  const unsettled = queues.reduce((sum, queue) => sum + queue.unsettled, 0)
  return `waiting ${count(waiting)}  in flight ${inFlight}  unsettled ${unsettled}`
}

const lagLine = (queues: readonly QueueProgress[]): string =>
  `lag per queue  ${queues
    .toSorted((a, b) => a.queue.queueId - b.queue.queueId)
    .map(({ queue, lag }) => `${queue.queueId}:${lag}`)
    .join('  ')}`

const connectionLine = (connections: readonly ConnectionInfo[]): string => {
  const states = new Map<string, number>()
  for (const { role, state } of connections) {
    const name = state === 'connected' ? role : `${role} ${state}`
    states.set(name, (states.get(name) ?? 0) + 1)
  }
  return `connections  ${[...states].map(([name, number]) => `${number} ${name}`).join('  ')}`
}
