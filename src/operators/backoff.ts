import { asyncScheduler, throwError, timer, type RetryConfig, type SchedulerLike } from 'rxjs'

export interface BackoffOptions {
  /** Ceiling of the first wait, in milliseconds; each further one is twice as high. */
  readonly firstMs: number
  /** No wait is longer than this, in milliseconds. */
  readonly maxMs: number
  /** A number from 0 (included) to 1 (excluded). Default `Math.random`. */
  readonly random?: (() => number) | undefined
  readonly scheduler?: SchedulerLike | undefined
}

/**
 * How long to wait before try `attempt` + 1 (the first failure is attempt 1), in milliseconds. The ceiling doubles up
 * to `maxMs`; half of each wait is fixed, half random, so that a fleet does not return in step.
 */
export const backoffMs = (
  attempt: number,
  { firstMs, maxMs, random = Math.random }: Pick<BackoffOptions, 'firstMs' | 'maxMs' | 'random'>,
): number => {
  const ceiling = Math.min(maxMs, firstMs * 2 ** Math.max(0, attempt - 1))
  return Math.round(ceiling / 2 + (random() * ceiling) / 2)
}

/**
 * For `retry(...)`: tries again for ever after a growing pause, unless the error is not worth it. The pauses start
 * anew after the first emission, so let the source emit only what proves that it works: a peer that accepts and hangs
 * up would otherwise be called every `firstMs`.
 */
export const withBackoff = (options: BackoffOptions, isRetriable: (error: unknown) => boolean): RetryConfig => {
  const pause$ = (error: unknown, attempt: number) =>
    isRetriable(error)
      ? timer(backoffMs(attempt, options), options.scheduler ?? asyncScheduler)
      : throwError(() => error)
  return { resetOnSuccess: true, delay: pause$ } satisfies RetryConfig
}
