import { Observable } from 'rxjs'
import type { SchedulerLike, Subscriber } from 'rxjs'
import { createBatchLanes } from './batch-lanes.ts'
import type { BatchLane, Gathering, GatherLimits } from './batch-lanes.ts'
import { createKeyOrder } from './key-order.ts'
import type { Keyed } from './key-order.ts'
import { readySubscriber } from './ready-subscriber.ts'

/** How items gather: `maxCount` and `maxBytes` bound a batch, `lingerMs` is how long one waits for company at most. */
export interface BatchByOptions<T> extends GatherLimits {
  /** How much an item counts against `maxBytes`; one that is larger is a batch of its own. */
  readonly bytesOf: (item: T) => number
  /** Items of one lane share batches; `undefined`: this one goes alone. */
  readonly laneOf: (item: T) => unknown
  /** Items of one key are worked on in the order they came; `undefined`: no order. Of a lane all have one, or none. */
  readonly keyOf: (item: T) => unknown
  /** Batches at work at once. A function is asked before each start. */
  readonly concurrency: number | (() => number)
  readonly scheduler: SchedulerLike
  /** Where what came within one turn becomes a batch. */
  readonly asap: SchedulerLike
}

/** Gathers items into batches: `join$` is a work for `boundedMap`. */
export interface Batching<T, R> {
  /** The result of one item, when its batch is done. Unsubscribed before: it leaves its batch. */
  readonly join$: (item: T) => Observable<R>
  /** `concurrency` may have changed. */
  readonly recheck: () => void
  /** Nothing more comes: nobody waits for company any longer. */
  readonly hurry: () => void
  /** Starts nothing more: what has not begun has this result. */
  readonly stop: (resultOf: (item: T) => R) => void
}

interface Batch<T, R> {
  readonly lane: BatchLane<Job<T, R>>
  readonly jobs: readonly Job<T, R>[]
  readonly work: Subscriber<readonly R[]>
  /** How many are still waited for. */
  awaited: number
}

interface Job<T, R> extends Gathering, Keyed {
  readonly item: T
  readonly index: number
  readonly subscriber: Subscriber<R>
  batch: Batch<T, R> | undefined
  over: boolean
  /** Others of its key are under way elsewhere. */
  isKept: boolean
}

/**
 * Never holds an item without need: where no batch of a lane is at work, what came within one turn starts at its end.
 * While one is at work others gather. A lane without keys starts the next when it is full, when its first item has waited
 * `lingerMs`, or when none is at work any more; a lane with keys when the one before has ended. No timer runs while nothing
 * waits. `work` has to give one result for each item, in their order.
 */
export const batchBy = <T, R>(
  work: (items: readonly T[]) => Observable<readonly R[]>,
  { bytesOf, laneOf, keyOf, concurrency, scheduler, asap, ...limits }: BatchByOptions<T>,
): Batching<T, R> => {
  const order = createKeyOrder<Job<T, R>>()
  const lanes = createBatchLanes<Job<T, R>>(limits, scheduler, () => pump())
  let arrived = 0
  let active = 0
  let refusal: ((item: T) => R) | undefined
  let isTelling = false
  let isPumping = false
  let isScheduled = false

  const slots = typeof concurrency === 'function' ? concurrency : () => concurrency

  // The one place that starts batches: a loop, so that works that end at once cost no stack.
  const pump = (): void => {
    if (isPumping) return
    isPumping = true
    while (active < slots()) {
      const next = lanes.take()
      if (next === undefined) break
      start(next.lane, next.jobs)
    }
    isPumping = false
  }
  const soon = (): void => {
    if (isScheduled || !lanes.hasReady()) return
    isScheduled = true
    asap.schedule(() => {
      isScheduled = false
      pump()
    })
  }

  const start = (lane: BatchLane<Job<T, R>>, jobs: readonly Job<T, R>[]): void => {
    active++
    const inner = readySubscriber<readonly R[]>(
      results => {
        end(batch)
        tell(jobs, (job, i) => {
          job.subscriber.next(results[i] as R) // one for each item
          job.subscriber.complete()
        })
        release(jobs)
        pump()
      },
      cause => {
        end(batch)
        tell(jobs, job => job.subscriber.error(cause))
        release(jobs)
        pump()
      },
      () => undefined,
    )
    const batch: Batch<T, R> = { lane, jobs, work: inner, awaited: jobs.length }
    for (const job of jobs) job.batch = batch
    work(jobs.map(({ item }) => item)).subscribe(inner)
  }
  const end = ({ lane }: Batch<T, R>): void => {
    active--
    lanes.ended(lane)
  }
  /** Tells all of a batch before anything that one of them causes: a stop finds those that follow in their order. */
  const tell = (jobs: readonly Job<T, R>[], say: (job: Job<T, R>, i: number) => void): void => {
    isTelling = true
    jobs.forEach((job, i) => {
      if (job.over) return
      job.over = true
      say(job, i)
    })
    isTelling = false
    if (refusal !== undefined) refuseAll(refusal)
  }
  /** They have ended: others of their keys may go on. */
  const release = (ended: readonly Job<T, R>[]): void => {
    const leaving = [...ended]
    for (let job = leaving.pop(); job !== undefined; job = leaving.pop()) {
      for (const next of order.leave(job)) {
        next.isKept = false
        if (next.over) leaving.push(next)
        else lanes.add(next)
      }
    }
  }
  const refuseAll = (resultOf: (item: T) => R): void => {
    const refused = [...lanes.takeAll(), ...order.takeAll()].filter(({ over }) => !over)
    for (const job of refused.sort((a, b) => a.index - b.index)) {
      job.over = true
      job.subscriber.next(resultOf(job.item))
      job.subscriber.complete()
    }
  }

  const leave = (job: Job<T, R>): void => {
    if (job.over) return
    job.over = true
    const { batch } = job
    if (batch === undefined) {
      if (job.isKept) return
      lanes.forget(job)
      release([job])
    } else if (--batch.awaited === 0) {
      batch.work.unsubscribe()
      end(batch)
      release(batch.jobs)
    }
    soon() // not at once: those behind may be about to leave, too
  }

  return {
    join$: item =>
      new Observable<R>(subscriber => {
        if (refusal !== undefined) {
          subscriber.next(refusal(item))
          subscriber.complete()
          return undefined
        }
        const job: Job<T, R> = {
          item,
          index: arrived++,
          key: keyOf(item),
          laneId: laneOf(item) ?? {},
          bytes: bytesOf(item),
          at: scheduler.now(),
          subscriber,
          batch: undefined,
          over: false,
          isKept: false,
        }
        if (order.enter(job)) {
          lanes.add(job)
          soon()
        } else job.isKept = true
        return () => leave(job)
      }),
    recheck: pump,
    hurry: () => {
      lanes.hurry()
      soon()
    },
    stop: resultOf => {
      refusal = resultOf
      if (!isTelling) refuseAll(resultOf)
    },
  }
}
