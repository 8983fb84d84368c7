import type { Alarm, Timers } from './timers.ts'

/** What a handle says of the pop it came from: where, when, and for how long the group does not see the messages. */
export interface PopPlace {
  readonly group: string
  /** The topic that the messages are stored in, which may be a retry topic. */
  readonly topic: string
  readonly queueId: number
  readonly startOffset: number
  /** Milliseconds since the epoch. */
  readonly popTime: number
  readonly invisibleMs: number
}

/** What pops gave away and nobody acknowledged yet. */
export interface CheckPoints {
  add(place: PopPlace, offsets: readonly number[]): void
  /** A message is acknowledged. One that is unknown, done or came again already is none of our business, as officially. */
  done(place: PopPlace, offset: number): void
  /** Sets the alarms, at first and after `stop`; what fell due meanwhile comes again at once. */
  start(): void
  /** Nothing comes again until `start`. */
  stop(): void
}

interface CheckPoint {
  readonly place: PopPlace
  readonly left: Set<number>
  alarm: Alarm | undefined
}

/** @param revive what becomes of a message that was not acknowledged in time */
export const createCheckPoints = (timers: Timers, revive: (place: PopPlace, offset: number) => void): CheckPoints => {
  const byPlace = new Map<string, CheckPoint>()

  const arm = (point: CheckPoint): void => {
    const { popTime, invisibleMs } = point.place
    point.alarm ??= timers.after(popTime + invisibleMs - timers.now(), () => ring(point))
  }
  const ring = (point: CheckPoint): void => {
    point.alarm = undefined
    const { place, left } = point
    // A clock may be a millisecond behind its alarm: never early, so look again.
    if (timers.now() < place.popTime + place.invisibleMs) return arm(point)
    byPlace.delete(keyOf(place))
    for (const offset of left) revive(place, offset)
  }

  return {
    add: (place, offsets) => {
      const point = byPlace.get(keyOf(place)) ?? { place, left: new Set<number>(), alarm: undefined }
      byPlace.set(keyOf(place), point)
      for (const offset of offsets) point.left.add(offset)
      arm(point)
    },
    done: (place, offset) => {
      const point = byPlace.get(keyOf(place))
      if (point?.left.delete(offset) !== true || point.left.size > 0) return
      point.alarm?.cancel()
      byPlace.delete(keyOf(place))
    },
    start: () => {
      for (const point of byPlace.values()) arm(point)
    },
    stop: () => {
      for (const point of byPlace.values()) {
        point.alarm?.cancel()
        point.alarm = undefined
      }
    },
  }
}

const keyOf = ({ group, topic, queueId, startOffset, popTime, invisibleMs }: PopPlace): string =>
  [group, topic, queueId, startOffset, popTime, invisibleMs].join('@')
