/**
 * The one place that knows rxjs-marbles. Pictures are of time and order: one character is one virtual millisecond, and
 * `asyncScheduler` and `asapScheduler` are virtual by themselves, so what is under test needs no scheduler passed.
 */
import { catchError, of, type OperatorFunction } from 'rxjs'
import { configure, type Context } from 'rxjs-marbles'
import { expect } from 'vitest'
import { isRocketError } from '../src/errors.ts'

const configured = configure({
  frameworkMatcher: true,
  assertDeepEqual: (actual, expected) => expect(actual).toStrictEqual(expected),
})

/** `m.cold`, `m.hot`, `m.expect(…).toBeObservable(…)`, `m.flush()`. */
export type Marbles = Context

/** Wraps the function of a marble test. It must not be async: the pictures are compared before the first `await` returns. */
export const marbles = (draw: (m: Marbles) => unknown): (() => void) => {
  const run = configured.marbles((m: Marbles) => {
    bounded(m)
    const drawn = draw(m)
    if (drawn !== undefined) throw new Error('a marble function must not return anything: an async one always passes')
  })
  return () => {
    run()
  }
}

/** Far more than any picture needs. */
const MOST_ACTIONS = 200_000

/** Virtual time has no end of its own: whatever repeats for ever would hang the run instead of failing the test. */
const bounded = ({ scheduler }: Marbles): void => {
  const schedule = scheduler.schedule.bind(scheduler)
  let actions = 0
  scheduler.schedule = ((...args: Parameters<typeof schedule>) => {
    if (++actions > MOST_ACTIONS) throw new Error(`virtual time goes on and on: it is ${scheduler.now()} ms`)
    return schedule(...args)
  }) as typeof schedule
}

/**
 * Turns an error into a last value: `CODE sent` of a RocketError, the message of any other. rxjs-marbles compares
 * errors by name and message only, and a wrong code would go unnoticed.
 */
export const errorsAsValues = <T>(): OperatorFunction<T, T | string> =>
  catchError((error: unknown) =>
    of(isRocketError(error) ? `${error.code} ${error.sent}` : error instanceof Error ? error.message : String(error)),
  )
