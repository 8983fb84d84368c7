import { createQueue } from './queue.ts'
import type { Queue } from './queue.ts'

/** What may have to wait for another of its key. */
export interface Keyed {
  /** `undefined`: no order. */
  readonly key: unknown
  /** Where it is worked on: of one lane several may be under way, as the lane itself keeps their order. */
  readonly laneId: unknown
}

/** Keeps the order of each key across lanes: what goes to another lane waits until all before it have ended. */
export interface KeyOrder<J extends Keyed> {
  /** Whether it may go to its lane now; if not, it is kept until `leave` returns it. */
  readonly enter: (job: J) => boolean
  /** One that had entered has ended. Returns those that may go to their lane for it. */
  readonly leave: (job: J) => readonly J[]
  /** Removes and returns all that are kept. */
  readonly takeAll: () => readonly J[]
  /** Keys in memory: those with something under way. */
  readonly remembered: number
}

interface Place<J> {
  laneId: unknown
  /** How many are under way. */
  open: number
  kept: Queue<J> | undefined
}

const NOBODY: readonly never[] = []

export const createKeyOrder = <J extends Keyed>(): KeyOrder<J> => {
  const places = new Map<unknown, Place<J>>()

  const released = (place: Place<J>, kept: Queue<J>): readonly J[] => {
    const going: J[] = []
    place.laneId = kept.peek()?.laneId
    for (let next = kept.peek(); next !== undefined && next.laneId === place.laneId; next = kept.peek()) {
      kept.shift()
      place.open++
      going.push(next)
    }
    return going
  }

  return {
    enter: job => {
      if (job.key === undefined) return true
      const place = places.get(job.key)
      if (place === undefined) {
        places.set(job.key, { laneId: job.laneId, open: 1, kept: undefined })
        return true
      }
      if (place.laneId === job.laneId && (place.kept === undefined || place.kept.length === 0)) {
        place.open++
        return true
      }
      place.kept ??= createQueue()
      place.kept.push(job)
      return false
    },
    leave: job => {
      const place = job.key === undefined ? undefined : places.get(job.key)
      if (place === undefined || --place.open > 0) return NOBODY
      if (place.kept !== undefined && place.kept.length > 0) return released(place, place.kept)
      places.delete(job.key)
      return NOBODY
    },
    takeAll: () => {
      const all: J[] = []
      for (const { kept } of places.values()) {
        for (let next = kept?.shift(); next !== undefined; next = kept?.shift()) all.push(next)
      }
      return all
    },
    get remembered() {
      return places.size
    },
  }
}
