import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { isRocketError } from '../../src/errors.ts'
import { damaged, damageOf } from './mutations.ts'

/** How many damaged inputs each family of readers gets in one run of the tests. */
export const CASES = {
  frames: 55_000,
  storedMessages: 40_000,
  batches: 15_000,
  jsonBodies: 25_000,
  wrongJson: 15_000,
  properties: 15_000,
  texts: 15_000,
  zlib: 6_000,
  lz4: 12_000,
  zstd: 6_000,
  zstdHere: 6_000,
} as const

/** Longer than any reader may be busy with a few kilobytes, on a machine that does other things too. */
const CASE_MS = 2_000
/** A reader that never comes back is ended after this, and the bytes it got are told. */
const ALL_CASES_MS = 100_000

/** Says what would have been right, or which limit was passed. */
const EXPECTATION = /expected|the limit is|is missing/

/** For checks that run so often that `expect` would cost more than what is checked. */
export const must = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(`it does not hold that ${what}`)
}

/** What a reader makes of damaged input: a value, or a RocketError that says what was expected and where. */
export const valueOrError = <T>(read: () => T, place: RegExp): T | undefined => {
  try {
    return read()
  } catch (error) {
    if (!isRocketError(error)) throw new Error(`a RocketError was expected, not ${String(error)}`, { cause: error })
    if (!EXPECTATION.test(error.message)) throw unhelpful('what was expected', error)
    if (!place.test(error.message)) throw unhelpful('where', error)
    return undefined
  }
}

const unhelpful = (what: string, cause: Error): Error =>
  new Error(`it does not say ${what}: ${cause.message}`, { cause })

/** Gives so many damaged inputs to a check, which throws when one was not read as it must be. */
export const withstands = (seeds: readonly Buffer[], cases: number, check: (bytes: Buffer) => void): void => {
  let current: Buffer = Buffer.alloc(0)
  const property = fc.property(damageOf(seeds), damage => {
    current = damaged(seeds, damage)
    const startedMs = performance.now()
    check(current)
    const ms = performance.now() - startedMs
    if (ms > CASE_MS) throw new Error(`${ms} ms for ${current.length} bytes: ${current.toString('hex')}`)
  })
  const all = (): void => fc.assert(property, { numRuns: cases })
  try {
    runInNewContext('all()', { all }, { timeout: ALL_CASES_MS })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
    throw new Error(`still busy after ${ALL_CASES_MS} ms, with ${current.toString('hex')}`, { cause: error })
  }
}
