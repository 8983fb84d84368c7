import { overflow } from '../errors.ts'
import type { Waiter, WaitingRoom } from './waiting-room.ts'
import type { Place, Results } from './source-order.ts'

/** How much may wait, and what becomes of an item that finds no room. */
export interface WaitingLimits<T, R = never> {
  /** Most items that wait, together with results held behind a slow head. 0: none waits. Default: no limit. */
  readonly count?: number | undefined
  /** Most bytes that wait, by `bytesOf`. Default: no limit. */
  readonly bytes?: number | undefined
  /** How much an item counts against `bytes`. Default: 0. */
  readonly bytesOf?: ((item: T) => number) | undefined
  /**
   * `error` (default): everything ends with ERR_RMQ_OVERFLOW. `drop-newest`: the item that came last is not taken.
   * `drop-oldest`: those that wait longest give way; an item that could not wait even alone is dropped itself.
   */
  readonly overflow?: 'error' | 'drop-newest' | 'drop-oldest' | undefined
  /** Told of every dropped item. */
  readonly onDrop?: ((item: T) => void) | undefined
  /**
   * The result of a dropped item: with it, every item has its result. Default: a dropped item has none. With
   * `order: 'source'` it waits for its turn as any other, uncounted: the drops behind a slow head take memory.
   */
  readonly resultOfDropped?: ((item: T) => R) | undefined
  /** What to call the buffer in the error. Default "buffer of boundedMap". */
  readonly name?: string | undefined
}

/** Who may wait. Keeps the room within its limits. */
export interface Admission<J> {
  readonly waitingBytes: number
  /** Lets the job in if it may. Returns those that have to go for it, or itself. Throws if overflow is an error. */
  readonly admit: (job: J, freeSlots: number) => readonly J[]
  /** The next that may start. */
  readonly take: () => J | undefined
  /** All that wait. */
  readonly takeAll: () => readonly J[]
}

const NOBODY: readonly never[] = []

export const createAdmission = <T, R, J extends Waiter & Place<R>>(
  {
    count = Infinity,
    bytes = Infinity,
    overflow: policy = 'error',
    name = 'buffer of boundedMap',
  }: WaitingLimits<T, R>,
  room: WaitingRoom<J>,
  results: Results<R, J>,
): Admission<J> => {
  let waitingBytes = 0

  const fits = (job: J, waiting: number, bytesWaiting: number) =>
    waiting + results.held < count && bytesWaiting + results.heldBytes + job.bytes <= bytes
  const fitsAlone = (job: J) => fits(job, 0, 0)
  // In the midst of a turn some are in the room that do not wait: they are about to start.
  const fitsBesides = (job: J, starting: number) =>
    fits(job, room.size - Math.min(room.startable, starting), waitingBytes)

  const enter = (job: J) => {
    results.enter(job)
    room.add(job)
    waitingBytes += job.bytes
  }

  const makeRoom = (job: J, starting: number): J[] => {
    const dropped: J[] = []
    while (!fitsBesides(job, starting)) {
      const oldest = room.takeOldest()
      if (!oldest) break
      waitingBytes -= oldest.bytes
      dropped.push(oldest)
    }
    return dropped
  }

  const full = () =>
    room.size + results.held < count ? overflow(`${name} (bytes)`, bytes) : overflow(`${name} (items)`, count)

  return {
    get waitingBytes() {
      return waitingBytes
    },
    admit: (job, freeSlots) => {
      const starting = Math.max(0, freeSlots)
      const startsAtOnce = room.isFree(job.key) && room.startable < starting
      // What starts at once needs no room, unless its results will have to be held with others behind a slow head.
      if ((startsAtOnce && results.held === 0) || fitsBesides(job, starting)) {
        enter(job)
        return NOBODY
      }
      if (policy === 'error') throw full()
      if (policy === 'drop-oldest' && fitsAlone(job)) {
        const dropped = makeRoom(job, starting)
        enter(job)
        return dropped
      }
      results.enter(job)
      return [job]
    },
    take: () => {
      const job = room.take()
      if (job) waitingBytes -= job.bytes
      return job
    },
    takeAll: () => {
      waitingBytes = 0
      return room.takeAll()
    },
  }
}
