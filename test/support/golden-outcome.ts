import { expect } from 'vitest'

/** What an official call gave, or that it threw. */
export type Result<T> = { readonly value: T } | { readonly error: string }

const FAILED = expect.objectContaining({ code: 'ERR_RMQ_DECODE' }) as unknown as Error

/** What the call gives, or that it failed to read: anything else is a failure of the test. */
export const resultOf = <T>(read: () => T): Result<T> => {
  try {
    return { value: read() }
  } catch (error) {
    expect(error).toEqual(FAILED)
    return { error: 'ERR_RMQ_DECODE' }
  }
}

export const sameOutcome = <T>(ours: Result<T>, official: Result<T>): void => {
  if ('value' in official) expect(ours).toEqual(official)
  else expect(ours).toEqual({ error: 'ERR_RMQ_DECODE' })
}
