import { type SchedulerLike, VirtualTimeScheduler } from 'rxjs'

export interface VirtualClock {
  readonly scheduler: SchedulerLike
  /** Runs what falls due until then, and lets it be then. */
  readonly advanceTo: (ms: number) => void
}

export const virtualClock = (): VirtualClock => {
  const scheduler = new VirtualTimeScheduler()
  return {
    scheduler,
    advanceTo: ms => {
      scheduler.maxFrames = ms
      scheduler.flush()
      scheduler.frame = ms
    },
  }
}
