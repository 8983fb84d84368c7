import { Subscription } from 'rxjs'
import type { SchedulerLike } from 'rxjs'
import { createQueue } from './queue.ts'

/** What gathers in a lane. */
export interface Gathering {
  readonly laneId: unknown
  readonly key: unknown
  readonly bytes: number
  /** When it came, ms of the scheduler. */
  readonly at: number
  /** Nobody waits for it any more. */
  readonly over: boolean
}

/** When a batch is full, and how long it may wait to become so. */
export interface GatherLimits {
  readonly maxCount: number
  readonly maxBytes: number
  readonly lingerMs: number
  /** Wait for company even where nothing of the lane is at work. Default false. */
  readonly patient?: boolean
}

export interface BatchLane<J> {
  readonly id: unknown
  /** What gathers here has keys: its batches follow one another. */
  readonly serial: boolean
  /** In the order they came; some may be over. */
  waiting: J[]
  /** Of those that are not. */
  count: number
  bytes: number
  /** Batches at work. */
  active: number
  inLine: boolean
  isDue: boolean
  patience: Subscription
}

/** Where items gather, and which lane may start a batch. Lanes with nothing to do are forgotten. */
export interface BatchLanes<J extends Gathering> {
  /** Adds one. */
  readonly add: (job: J) => void
  /** One that waits is over. */
  readonly forget: (job: J) => void
  /** The next lane that may start a batch, and the batch. From here on the lane counts it as active, until `ended`. */
  readonly take: () => { readonly lane: BatchLane<J>; readonly jobs: readonly J[] } | undefined
  readonly ended: (lane: BatchLane<J>) => void
  /** Whether some lane may start a batch. */
  readonly hasReady: () => boolean
  /** From now on nobody waits for company. */
  readonly hurry: () => void
  /** Removes all that wait. */
  readonly takeAll: () => readonly J[]
  /** Lanes in memory. */
  readonly remembered: number
}

/** `onDue` is called when something has waited long enough for company. */
export const createBatchLanes = <J extends Gathering>(
  { maxCount, maxBytes, lingerMs, patient = false }: GatherLimits,
  scheduler: SchedulerLike,
  onDue: () => void,
): BatchLanes<J> => {
  const lanes = new Map<unknown, BatchLane<J>>()
  const line = createQueue<BatchLane<J>>()
  let hurried = false

  const isFull = ({ count, bytes }: BatchLane<J>): boolean => count >= maxCount || bytes >= maxBytes
  const isReady = (lane: BatchLane<J>): boolean =>
    isFull(lane) || lane.isDue || hurried || (!patient && lane.active === 0)
  const mayStart = (lane: BatchLane<J>): boolean =>
    lane.count > 0 && (!lane.serial || lane.active === 0) && isReady(lane)

  /** After whatever may have changed what the lane may do. */
  const look = (lane: BatchLane<J>): void => {
    if (lane.count === 0) {
      lane.waiting = []
      lane.bytes = 0
      calm(lane)
      if (lane.active === 0) lanes.delete(lane.id)
    } else if (mayStart(lane)) {
      if (lane.inLine) return
      lane.inLine = true
      line.push(lane)
    } else if ((patient || !lane.serial) && lane.patience.closed) await$(lane)
  }
  const calm = (lane: BatchLane<J>): void => {
    lane.isDue = false
    lane.patience.unsubscribe()
  }
  const await$ = (lane: BatchLane<J>): void => {
    const first = lane.waiting.find(({ over }) => !over)
    if (first === undefined) return
    const due = (): void => {
      lane.isDue = true
      look(lane)
      onDue()
    }
    lane.patience = scheduler.schedule(due, Math.max(0, first.at + lingerMs - scheduler.now()))
  }

  const laneOf = ({ laneId, key }: J): BatchLane<J> => {
    const known = lanes.get(laneId)
    if (known !== undefined) return known
    const lane: BatchLane<J> = {
      id: laneId,
      serial: key !== undefined,
      waiting: [],
      count: 0,
      bytes: 0,
      active: 0,
      inLine: false,
      isDue: false,
      patience: Subscription.EMPTY,
    }
    lanes.set(laneId, lane)
    return lane
  }

  const firstBatch = (lane: BatchLane<J>): readonly J[] => {
    const jobs: J[] = []
    let bytes = 0
    let passed = 0
    for (const job of lane.waiting) {
      if (!job.over) {
        if (jobs.length === maxCount || (jobs.length > 0 && bytes + job.bytes > maxBytes)) break
        bytes += job.bytes
        jobs.push(job)
      }
      passed++
    }
    lane.waiting = passed === lane.waiting.length ? [] : lane.waiting.slice(passed)
    lane.count -= jobs.length
    lane.bytes -= bytes
    return jobs
  }

  return {
    add: job => {
      const lane = laneOf(job)
      lane.waiting.push(job)
      lane.count++
      lane.bytes += job.bytes
      look(lane)
    },
    forget: job => {
      const lane = lanes.get(job.laneId)
      if (lane === undefined) return
      lane.count--
      lane.bytes -= job.bytes
      look(lane)
    },
    take: () => {
      for (let lane = line.shift(); lane !== undefined; lane = line.shift()) {
        lane.inLine = false
        if (!mayStart(lane)) continue
        const jobs = firstBatch(lane)
        lane.active++
        calm(lane)
        look(lane)
        return { lane, jobs }
      }
      return undefined
    },
    ended: lane => {
      lane.active--
      look(lane)
    },
    hasReady: () => line.length > 0,
    hurry: () => {
      hurried = true
      for (const lane of lanes.values()) look(lane)
    },
    takeAll: () => {
      const all: J[] = []
      for (const lane of [...lanes.values()]) {
        all.push(...lane.waiting.filter(({ over }) => !over))
        lane.count = 0
        look(lane)
      }
      return all
    },
    get remembered() {
      return lanes.size
    },
  }
}
