import { createQueue } from './queue.ts'

/** The place of one item in the order of results. The fields belong to the order; they stand here to save an object. */
export interface Place<R> {
  readonly bytes: number
  /** Results that came while an earlier item was not finished. */
  held: R[] | undefined
  /** Whether what is held counts against the buffer. What took the place of a dropped item does not. */
  counted: boolean
  finished: boolean
}

/** Where the results of items go. */
export interface Results<R, P extends Place<R>> {
  /** Results that wait behind a slow head and count against the buffer. */
  readonly held: number
  readonly heldBytes: number
  /** Takes the next place in the order. */
  readonly enter: (place: P) => void
  readonly add: (place: P, result: R) => void
  /** Nothing more comes from this place. */
  readonly finish: (place: P) => void
}

const COMPACT_ABOVE = 64

/** As they come. */
export const inOrderOfCompletion = <R, P extends Place<R>>(emit: (result: R) => void): Results<R, P> => ({
  held: 0,
  heldBytes: 0,
  enter: () => undefined,
  add: (_place, result) => emit(result),
  finish: () => undefined,
})

/** In the order the items came: the first that is not finished speaks, all behind it are held. */
export const inOrderOfSource = <R, P extends Place<R>>(
  emit: (result: R) => void,
): Results<R, P> & { readonly remembered: number } => {
  const places = createQueue<P>()
  let held = 0
  let heldBytes = 0
  let finished = 0 // since the last look for those with nothing to say, which are not worth remembering
  let advancing = false

  const release = (place: P, results: R[]) => {
    if (place.counted) heldBytes -= place.bytes
    // Grows while it is walked: what a place says while it is being emptied comes after what it said before.
    for (let i = 0; i < results.length; i++) {
      if (place.counted) held--
      emit(results[i] as R) // i < length
    }
    place.held = undefined
  }

  const advance = () => {
    advancing = true
    for (let first = places.peek(); first; first = places.peek()) {
      if (first.held) release(first, first.held)
      if (!first.finished) break
      places.shift()
    }
    advancing = false
  }

  return {
    get held() {
      return held
    },
    get heldBytes() {
      return heldBytes
    },
    /** Places kept in memory: those that are not finished, those with something to say, and few others. */
    get remembered() {
      return places.length
    },
    enter: place => places.push(place),
    add: (place, result) => {
      if (places.peek() === place && !advancing) return emit(result)
      if (place.counted) {
        held++
        if (!place.held) heldBytes += place.bytes
      }
      if (place.held) place.held.push(result)
      else place.held = [result]
    },
    finish: place => {
      place.finished = true
      finished++
      if (advancing) return // whoever is below us on the stack will see it
      if (places.peek() === place) advance()
      else if (finished > COMPACT_ABOVE && finished * 2 > places.length) {
        places.retain(each => !each.finished || each.held !== undefined)
        finished = 0
      }
    },
  }
}
