import { createQueue } from './queue.ts'
import type { Lane, Waiter, WaitingRoom } from './waiting-room.ts'

const COMPACT_ABOVE = 64

/**
 * A lane per key. Lanes that may start stand in a line of their own, so that nobody is searched for, and those with
 * more to do go to its end, so that a busy key does not starve the others. An idle lane is forgotten.
 */
export const createLanes = <W extends Waiter>(
  needsOldest: boolean,
): WaitingRoom<W> & { readonly remembered: number } => {
  const lanes = new Map<unknown, Lane>()
  const ready = createQueue<Lane>()
  const arrivals = createQueue<W>() // kept only where the oldest may be asked for
  let size = 0
  let emptied = 0 // lanes in `ready` that lost their only waiter

  const takeFirst = (lane: Lane): W => {
    const first = lane.first as W // lanes are asked only when they have one, and only `add` puts them there
    lane.first = first.behind
    if (!lane.first) lane.last = undefined
    first.waiting = false
    size--
    return first
  }

  const forgetStarted = () => {
    if (arrivals.length > COMPACT_ABOVE + 2 * size) arrivals.retain(waiter => waiter.waiting)
  }

  const forgetEmptied = () => {
    if (emptied <= COMPACT_ABOVE || emptied * 2 < ready.length) return
    ready.retain(lane => lane.first !== undefined)
    emptied = 0
  }

  const laneOf = (key: unknown): Lane => {
    const known = lanes.get(key)
    if (known) return known
    const lane: Lane = { key, busy: false, first: undefined, last: undefined }
    lanes.set(key, lane)
    return lane
  }

  return {
    get size() {
      return size
    },
    get startable() {
      return ready.length - emptied
    },
    /** Everything kept in memory: bounded by what waits and works, not by what was. */
    get remembered() {
      return lanes.size + ready.length + arrivals.length
    },
    isFree: key => !lanes.has(key),
    add: waiter => {
      const lane = laneOf(waiter.key)
      waiter.lane = lane
      waiter.waiting = true
      size++
      if (lane.last) lane.last.behind = waiter
      else {
        lane.first = waiter
        if (!lane.busy) ready.push(lane)
      }
      lane.last = waiter
      if (!needsOldest) return
      arrivals.push(waiter)
      forgetStarted()
    },
    take: () => {
      for (let lane = ready.shift(); lane; lane = ready.shift()) {
        if (lane.first) {
          lane.busy = true
          return takeFirst(lane)
        }
        emptied--
      }
      return undefined
    },
    leave: ({ lane }) => {
      if (!lane) return
      lane.busy = false
      if (lane.first) ready.push(lane)
      else lanes.delete(lane.key)
    },
    takeOldest: () => {
      for (let oldest = arrivals.shift(); oldest; oldest = arrivals.shift()) {
        const lane = oldest.lane
        if (!oldest.waiting || !lane) continue
        takeFirst(lane) // the oldest of all is the first of its lane
        if (!lane.first && !lane.busy) {
          lanes.delete(lane.key)
          emptied++
          forgetEmptied()
        }
        return oldest
      }
      return undefined
    },
    takeAll: () => {
      const all: W[] = []
      for (const [key, lane] of lanes) {
        while (lane.first) all.push(takeFirst(lane))
        if (!lane.busy) lanes.delete(key)
      }
      ready.retain(() => false)
      arrivals.retain(() => false)
      emptied = 0
      return all.sort((a, b) => a.index - b.index)
    },
  }
}
