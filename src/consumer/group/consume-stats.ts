import { createLatencyWindow } from '../../observability/latency-window.ts'
import type { Latency } from '../../observability/latency-window.ts'
import { ratio } from '../../observability/ratio.ts'
import { createSlidingCounts } from '../../observability/sliding-counts.ts'
import type { Counted, SlidingCounts, SlidingWindow } from '../../observability/sliding-counts.ts'
import type { TopicStatus } from './member-view.ts'

/** What was done in a window of time, and how fast. */
export interface ConsumeRates {
  /** How long the window is that the other numbers are of, ms. */
  readonly spanMs: number
  /** Messages that pulls brought. */
  readonly pulled: number
  readonly pulledPerSecond: number
  /** How long a pull took that brought something, ms on average. */
  readonly pullMs: number
  /** Messages that were consumed well. */
  readonly ok: number
  readonly okPerSecond: number
  /** Messages that failed, each time that they did. */
  readonly failed: number
  readonly failedPerSecond: number
  /** `ok` of all that ended, 0 to 1; 1 while nothing has ended. */
  readonly successRate: number
  /** How long a call of the handler took, ms on average. */
  readonly consumeMs: number
}

/** The last minute, looked at every 10 s; the last hour, every 10 minutes; the last day, every hour. As Java's client. */
export interface RecentRates {
  readonly minute: ConsumeRates
  readonly hour: ConsumeRates
  readonly day: ConsumeRates
}

/** What a consumer has done of late. */
export interface ConsumeStats {
  /** When it was read, ms of the client's scheduler. */
  readonly at: number
  /** When counting began, ms. */
  readonly since: number
  readonly total: RecentRates
  /** By topic, retry topics too, under the name that it is pulled by. */
  readonly topics: ReadonlyMap<string, RecentRates>
  /** How long calls of the handler took over the last one or two minutes, all topics. */
  readonly latencyMs: Latency
}

/** Counts for one topic: plain additions, nothing is made. */
interface TopicMeter {
  /** A pull that brought messages. */
  pulled(messages: number, ms: number): void
  /** A call of the handler, and how many messages went well and failed in it. */
  consumed(ok: number, failed: number, ms: number): void
}

export interface ConsumeMeter {
  /** The same one for the same topic, until it is forgotten. */
  of(topic: string): TopicMeter
  /** A topic that is consumed no more; the total keeps what it was. */
  forget(topic: string): void
  read(): ConsumeStats
  /** Of one topic; all zero for one that is not known. */
  rates(topic: string): RecentRates
  reset(): void
}

const WINDOWS: readonly SlidingWindow[] = [
  { everyMs: 10_000, samples: 7 },
  { everyMs: 600_000, samples: 7 },
  { everyMs: 3_600_000, samples: 25 },
]
const [MINUTE, HOUR, DAY] = [0, 1, 2] as const
const [PULLED, PULLS, PULL_MS, OK, FAILED, CALLS, CALL_MS] = [0, 1, 2, 3, 4, 5, 6] as const
const COUNTERS = 7

interface Topic extends TopicMeter {
  read(at: number): RecentRates
  reset(): void
}

const newCounts = (since: number): SlidingCounts => createSlidingCounts(COUNTERS, WINDOWS, since)

export const createConsumeMeter = (now: () => number): ConsumeMeter => {
  const topics = new Map<string, Topic>()
  const latency = createLatencyWindow(now)
  let since = now()
  let total = newCounts(since)

  const createTopic = (): Topic => {
    let counts = newCounts(now())
    return {
      pulled: (messages, ms) => {
        const at = now()
        addPull(counts, at, messages, ms)
        addPull(total, at, messages, ms)
      },
      consumed: (ok, failed, ms) => {
        const at = now()
        addCall(counts, at, ok, failed, ms)
        addCall(total, at, ok, failed, ms)
        latency.add(ms)
      },
      read: at => recent(counts, at),
      reset: () => {
        counts = newCounts(now())
      },
    }
  }
  return {
    of: topic => {
      const known = topics.get(topic)
      if (known !== undefined) return known
      const made = createTopic()
      topics.set(topic, made)
      return made
    },
    forget: topic => {
      topics.delete(topic)
    },
    read: () => {
      const at = now()
      return {
        at,
        since,
        total: recent(total, at),
        topics: new Map([...topics].map(([topic, one]) => [topic, one.read(at)])),
        latencyMs: latency.read(),
      }
    },
    rates: topic => (topics.get(topic) ?? createTopic()).read(now()),
    reset: () => {
      for (const topic of topics.values()) topic.reset()
      latency.reset()
      since = now()
      total = newCounts(since)
    },
  }
}

const add = ({ totals }: SlidingCounts, counter: number, amount: number): void => {
  totals[counter] = (totals[counter] ?? 0) + amount
}

const addPull = (counts: SlidingCounts, at: number, messages: number, ms: number): void => {
  counts.turn(at)
  add(counts, PULLED, messages)
  add(counts, PULLS, 1)
  add(counts, PULL_MS, ms)
}

const addCall = (counts: SlidingCounts, at: number, ok: number, failed: number, ms: number): void => {
  counts.turn(at)
  add(counts, OK, ok)
  add(counts, FAILED, failed)
  add(counts, CALLS, 1)
  add(counts, CALL_MS, ms)
}

const recent = (counts: SlidingCounts, at: number): RecentRates => ({
  minute: ratesOf(counts.over(MINUTE, at)),
  hour: ratesOf(counts.over(HOUR, at)),
  day: ratesOf(counts.over(DAY, at)),
})

const ratesOf = ({ spanMs, by }: Counted): ConsumeRates => {
  const perSecond = (counter: number): number => (by(counter) * 1_000) / spanMs
  const [pulls, calls] = [by(PULLS), by(CALLS)]
  return {
    spanMs,
    pulled: by(PULLED),
    pulledPerSecond: perSecond(PULLED),
    pullMs: pulls === 0 ? 0 : by(PULL_MS) / pulls,
    ok: by(OK),
    okPerSecond: perSecond(OK),
    failed: by(FAILED),
    failedPerSecond: perSecond(FAILED),
    successRate: ratio(by(OK), by(FAILED)),
    consumeMs: calls === 0 ? 0 : by(CALL_MS) / calls,
  }
}

/**
 * What operators' tools ask a member of a group about a topic: rates of the last minute, failures of the last hour. How
 * long the handler takes is of the last hour where the last minute has nothing to tell. (`ConsumeStatus`)
 */
export const consumeStatus = ({ minute, hour }: RecentRates): TopicStatus => ({
  pullRT: minute.pullMs,
  pullTPS: minute.pulledPerSecond,
  consumeRT: minute.consumeMs === 0 ? hour.consumeMs : minute.consumeMs,
  consumeOKTPS: minute.okPerSecond,
  consumeFailedTPS: minute.failedPerSecond,
  consumeFailedMsgs: hour.failed,
})
