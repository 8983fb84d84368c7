import { asyncScheduler } from 'rxjs'
import type { SchedulerAction, SchedulerLike } from 'rxjs'

/** A timer of rxjs keeps its Node timer under `id`. */
const unref = (action: object): void => {
  const { id } = action as { readonly id?: { readonly unref?: () => void } | number }
  if (typeof id === 'object') id.unref?.()
}

/**
 * rxjs's asyncScheduler, except that its timers are never by themselves a reason for the process to live on: refreshing
 * a route for nobody must not. Who waits for something holds the process (`process-life.ts`).
 */
export const backgroundScheduler: SchedulerLike = {
  now: () => asyncScheduler.now(),
  schedule: <T>(work: (this: SchedulerAction<T>, state?: T) => void, delay?: number, state?: T) => {
    const action = asyncScheduler.schedule<T>(
      function (this: SchedulerAction<T>, given?: T) {
        work.call(this, given as T)
        unref(this) // it may have scheduled itself again, on a new timer
      },
      delay,
      state,
    )
    unref(action)
    return action
  },
}
