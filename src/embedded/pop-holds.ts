import { pollingKey } from '../protocol/pop/pop-retry-topic.ts'
import { BROKER_DEFAULTS } from '../protocol/server-defaults.ts'
import type { Connection } from './connection.ts'
import type { Holds } from './holds.ts'
import type { Passes } from './filters.ts'
import type { Queue } from './queue.ts'
import type { Alarm, Timers } from './timers.ts'

/** A queue in which a message may arrive that is waited for. */
export interface Watched {
  readonly queue: Queue
  readonly passes: Passes
}

/** A pop that found nothing yet. */
interface HeldPop {
  readonly connection: Connection
  readonly topic: string
  readonly group: string
  /** As it was asked for: -1 for all queues. */
  readonly queueId: number
  /** Milliseconds since the epoch. */
  readonly until: number
  readonly watched: () => readonly Watched[]
  /** When a queue that is popped in order opens by itself, ms. */
  readonly opensAt: () => number | undefined
  /** Looks again, and says whether there was something: then it is answered. */
  readonly look: () => boolean
  /** The time is over. Called once, unless there was something before. */
  readonly expired: () => void
  /** It only asks whether there is something, and does not count as a pop. */
  readonly isNotice?: boolean
}

/** Pops that wait for messages, or for their queue to open. */
export interface PopHolds {
  /** False when too many wait already. */
  add(pop: HeldPop): boolean
  /** Something has changed for a group: a queue may be open to it. */
  stirred(topic: string, group: string): void
  /** How many wait under exactly this queue id. */
  waiting(topic: string, group: string, queueId: number): number
  drop(connection: Connection): void
  clear(): void
}

interface Waiting {
  readonly pop: HeldPop
  alarms: readonly Alarm[]
}

export const createPopHolds = (timers: Timers, holds: Holds): PopHolds => {
  const byKey = new Map<string, Set<Waiting>>()
  let size = 0

  const keyOf = ({ topic, group, queueId, isNotice = false }: HeldPop): string =>
    (isNotice ? 'notice ' : '') + pollingKey(topic, group, queueId)
  const forget = (waiting: Waiting): void => {
    for (const alarm of waiting.alarms) alarm.cancel()
    const others = byKey.get(keyOf(waiting.pop))
    if (others?.delete(waiting) === true) size -= 1
    if (others?.size === 0) byKey.delete(keyOf(waiting.pop))
  }
  const watch = (waiting: Waiting): void => {
    const { connection, until, watched, opensAt } = waiting.pop
    const timeoutMs = Math.max(0, until - timers.now())
    const wake = (): void => lookAt(waiting)
    const opens = opensAt()
    waiting.alarms = [
      ...watched().map(({ queue, passes }) =>
        holds.add({ connection, queue, offset: queue.range().max, timeoutMs, passes, wake }),
      ),
      ...(opens === undefined ? [] : [timers.after(opens - timers.now(), wake)]),
    ]
  }
  const lookAt = (waiting: Waiting): void => {
    for (const alarm of waiting.alarms) alarm.cancel()
    if (waiting.pop.look()) return forget(waiting)
    if (timers.now() < waiting.pop.until) return watch(waiting) // another one was quicker
    forget(waiting)
    waiting.pop.expired()
  }
  const all = (): readonly Waiting[] => [...byKey.values()].flatMap(waits => [...waits])

  return {
    add: pop => {
      const others = byKey.get(keyOf(pop)) ?? new Set<Waiting>()
      if (size >= BROKER_DEFAULTS.popPollingMapSize || others.size >= BROKER_DEFAULTS.popPollingSize) return false
      const waiting: Waiting = { pop, alarms: [] }
      byKey.set(keyOf(pop), others.add(waiting))
      size += 1
      watch(waiting)
      return true
    },
    stirred: (topic, group) => {
      for (const waiting of all()) if (waiting.pop.topic === topic && waiting.pop.group === group) lookAt(waiting)
    },
    waiting: (topic, group, queueId) => byKey.get(pollingKey(topic, group, queueId))?.size ?? 0,
    drop: connection => {
      for (const waiting of all()) if (waiting.pop.connection === connection) forget(waiting)
    },
    clear: () => {
      for (const waiting of all()) forget(waiting)
    },
  }
}
