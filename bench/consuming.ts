import type { Bench, Finding, Running } from './bench.ts'
import type { ConsumingTask, Way } from './consuming-process.ts'
import { createLoad, nameOf } from './load.ts'
import type { Target } from './load.ts'
import { inOwnProcess } from './own-process.ts'
import type { Remote } from './own-process.ts'
import { dial, rawSends } from './raw-socket.ts'
import { interleaved } from './rounds.ts'
import type { Contestant, Goal } from './rounds.ts'

const GOAL: Goal = { ratio: 0.4, cpuUs: 9 }
const SMALL_BYTES = 256

interface Entrant {
  readonly name: string
  readonly way: Way
  readonly goal?: Goal
}

/** A backlog of messages of so many bytes, consumed with an empty handler, against a raw pull loop. */
export const consuming =
  (count: number, bodyBytes: number): Bench =>
  (target, running) => {
    const goal = target.kind === 'real' && bodyBytes === SMALL_BYTES ? { goal: GOAL } : {}
    const entrants: readonly Entrant[] = [
      { name: 'raw pull loop', way: 'raw' },
      { name: 'process$, empty handler', way: 'process$', ...goal },
    ]
    return race(target, running, { what: 'consume a backlog', count, bodyBytes, entrants })
  }

const WAYS: readonly Entrant[] = [
  { name: 'process$', way: 'process$' },
  { name: 'process$, a promise', way: 'promise' },
  { name: 'process$, an observable', way: 'observable' },
  { name: "process$, keyBy 'queue'", way: 'by queue' },
  { name: "process$, ordering 'queue'", way: 'ordered' },
  { name: 'processBatch$', way: 'processBatch$' },
  { name: 'messages$, acked at once', way: 'messages$' },
]
const POP: Entrant = { name: "process$, acknowledge 'pop'", way: 'pop' }

/** The ways to consume, against `process$` with an empty handler. Brokers of 4.9 know no POP. */
export const waysOfConsuming =
  (count: number): Bench =>
  (target, running) => {
    const entrants = target.version.startsWith('4.') ? WAYS : [...WAYS, POP]
    return race(target, running, { what: 'ways to consume a backlog', count, bodyBytes: SMALL_BYTES, entrants })
  }

interface Course {
  readonly what: string
  readonly count: number
  readonly bodyBytes: number
  readonly entrants: readonly Entrant[]
}

/** All on the same backlog, each in a process of its own. */
const race = async (target: Target, { rounds, tell }: Running, course: Course): Promise<Finding> => {
  const { what, count, bodyBytes, entrants } = course
  const load = await createLoad(target, bodyBytes)
  const { topic, queues } = load
  const { nameServer, broker } = target
  const socket = await dial(broker)
  tell('filling the topic')
  await rawSends(socket, load, count, 512)
  socket.destroy()
  const remotes: Remote[] = []
  const contestant = async ({ name, way, goal }: Entrant, i: number): Promise<Contestant> => {
    const groups = Array.from({ length: rounds + 1 }, (_, round) => `bench_${topic}_${i}_${round}`)
    for (const group of groups) await target.createGroup(group)
    const task: ConsumingTask = { way, nameServer, broker, topic, queues, count, groups }
    const remote = inOwnProcess('./consuming-process.js', task)
    remotes.push(remote)
    return { name, run: remote.run, ...(goal === undefined ? {} : { goal }) }
  }
  try {
    const contestants = await Promise.all(entrants.map(contestant))
    const rows = await interleaved(contestants, rounds, tell)
    return { title: `${what}, ${bodyBytes} B, ${nameOf(target)}`, unit: 'message', rows }
  } finally {
    await Promise.all(remotes.map(({ stop }) => stop()))
  }
}
