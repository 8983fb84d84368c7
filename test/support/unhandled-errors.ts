import { afterAll, beforeAll, expect } from 'vitest'

/** What nobody caught while the tests of the calling file run: after the last of them it must be nothing. */
export const unhandledErrors = (): readonly unknown[] => {
  const unhandled: unknown[] = []
  const note = (error: unknown): void => void unhandled.push(error)
  beforeAll(() => {
    process.on('unhandledRejection', note).on('uncaughtException', note)
  })
  afterAll(() => {
    process.off('unhandledRejection', note).off('uncaughtException', note)
    expect(unhandled).toEqual([])
  })
  return unhandled
}
