import { NEVER, of } from 'rxjs'
import Long from 'long'
import { createClient, message, topic } from '../src/index.ts'
import type { ProducerOptions } from '../src/index.ts'
import { masterOf } from '../src/protocol/bodies/routes.ts'
import type { Board } from '../src/producer/board.ts'
import type { TopicBoards } from '../src/producer/topic-boards.ts'
import { createMeter } from '../src/producer/producer-stats.ts'
import { nextRoute } from '../src/producer/next-route.ts'
import { createRoutingStats } from '../src/producer/routing-stats.ts'
import type { SendResult } from '../src/producer/send-result.ts'
import { REQUESTS } from '../src/protocol/requests/requests.ts'
import { RESPONSE } from '../src/protocol/responses.ts'
import { aHealth } from '../test/support/a-health.ts'
import { aRoute, queuesNamed } from '../test/support/builders.ts'
import { answers, fakeCluster, storedAnswer } from '../test/support/fake-cluster.ts'
import { fakeTransport } from '../test/support/fake-transport.ts'
import type { Script } from '../test/support/fake-transport.ts'
import { sendEach } from './send-each.ts'
import { answering } from './own-process.ts'

/** What is measured: a whole send in one of several ways, or a part of it. */
export type Way = 'plain' | 'repeated' | 'interceptor' | 'trace' | 'routing' | 'statistics'

export interface CostsTask {
  readonly way: Way
  readonly count: number
  readonly inFlight: number
}

/** Per message. */
export interface Cost {
  readonly ns: number
  readonly bytes: number
}

/** Parts are so small that more of them are needed. */
const PARTS_PER_SEND = 20
const BODY = Buffer.alloc(256, 'rocketmq-rxjs ')

const used = (): number => {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Between two collections of garbage, with none in between: see the flags of the process. */
const measured = async (count: number, work: () => unknown): Promise<Cost> => {
  const { gc } = globalThis
  if (gc === undefined) throw new Error('the garbage collector cannot be called: --expose-gc is missing')
  gc()
  const before = used()
  const start = process.hrtime.bigint()
  await work()
  const ns = Number(process.hrtime.bigint() - start)
  return { ns: ns / count, bytes: (used() - before) / count }
}

const OPTIONS: Readonly<Partial<Record<Way, ProducerOptions>>> = {
  interceptor: { interceptors: [(sending, next) => next(sending)] },
  trace: { trace: true },
}

/** Stores every message; with `repeated` at the second attempt. What it remembers it remembers in every way. */
const broker = (way: Way): Script => {
  const seen = new Set<string>()
  const ok = storedAnswer()
  const failure = answers(RESPONSE.SYSTEM_ERROR)
  return frame => {
    const id = frame.fields['i'] ?? ''
    const isFirst = !seen.delete(id)
    if (isFirst && way === 'repeated') seen.add(id)
    return of(isFirst && way === 'repeated' ? failure : ok)
  }
}

/** A client for each run: the fake transport keeps all that was written. */
const sends = async ({ way, count, inFlight }: CostsTask): Promise<Cost> => {
  const transport = fakeTransport(fakeCluster({ queues: 8, instead: { [REQUESTS.SEND_MESSAGE_V2.code]: broker(way) } }))
  const patience = { degradedAfter: 1_000, unhealthyAfter: 1_000 } // failures that are wanted make nobody ill
  await using client = createClient({ nameServers: 'n:1', logger: false, health: patience, runtime: { transport } })
  const producer = client.producer(OPTIONS[way])
  const load = { topic: 't', queues: 8, body: BODY }
  await sendEach(producer, load, count, inFlight) // now there is a route, a connection, and compiled code
  return await measured(count, () => sendEach(producer, load, count, inFlight))
}

const routing = ({ count }: CostsTask): Promise<Cost> => {
  const route = aRoute({ a: 'a:1' }, 8)
  const board: Board = {
    queues: queuesNamed('a0 a1 a2 a3 a4 a5 a6 a7'),
    masterOf: name => masterOf(route, name),
    fromTemplate: false,
    isNewTo: () => false,
    route,
  }
  const rotation = { cursor: 0 }
  const boards: TopicBoards = {
    board: () => board,
    board$: () => of(board),
    rotation: () => rotation,
    endpoints$: NEVER,
    size: () => 1,
    close: () => undefined,
  }
  const health = aHealth()
  const settings = { hash: 'java' } as const
  const context = { settings, boards, random: () => 0, health, routing: createRoutingStats(), select: () => 'round-robin' as const } // prettier-ignore
  const outgoing = { topic: 't', messageId: 'id', body: BODY, properties: '', sysFlag: 0, bornTimestamp: 0, shardKey: undefined, isBatch: false, message: message(topic('t'), BODY) } // prettier-ignore
  const tried: ReadonlySet<string> = new Set()
  return measured(count, () => {
    for (let at = 1; at <= count; at++) {
      const routed = nextRoute(context, { board, outgoing, select: undefined, at, tried, last: undefined })
      health.succeeded(routed.queue?.brokerName ?? '', 1, at)
    }
  })
}

const statistics = ({ count }: CostsTask): Promise<Cost> => {
  const meter = createMeter(() => performance.now())
  const result: SendResult = {
    status: 'ok',
    messageId: 'id',
    offsetMessageId: 'id',
    queue: { topic: 't', brokerName: 'a', queueId: 0 },
    queueOffset: Long.ZERO,
    attempts: 1,
    failedAttempts: [],
    elapsedMs: 1,
    sentAt: new Date(0),
    regionId: undefined,
    traceOn: true,
    transactionId: undefined,
    recallHandle: undefined,
    toJSON: () => ({}),
  }
  return measured(count, () => {
    for (let i = 0; i < count; i++) meter.stored(result, BODY.length)
  })
}

answering<Cost>((task: CostsTask) => {
  const { way, count } = task
  const parts = { ...task, count: count * PARTS_PER_SEND }
  const run = { routing: () => routing(parts), statistics: () => statistics(parts) }
  return Promise.resolve(way === 'routing' || way === 'statistics' ? run[way] : () => sends(task))
})
