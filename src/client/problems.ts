import { illegal, isRocketError } from '../errors.ts'
import type { RocketError } from '../errors.ts'

/**
 * What is wrong with the options that are being read: a list while `collected` runs. A variable of the module, because
 * checks stand deep inside of what reads options; nothing else runs in between, as reading them is synchronous.
 */
let open: string[] | undefined

/** Reads options to their end, so that one ERR_RMQ_ILLEGAL tells all that is wrong with them (`problems`). */
export const collected = <T>(what: string, read: () => T): T => {
  if (open !== undefined) return read() // options within options: whoever began tells
  const problems: string[] = []
  open = problems
  try {
    const result = read()
    if (problems.length === 0) return result
  } catch (cause) {
    if (!isRocketError(cause) || cause.code !== 'ERR_RMQ_ILLEGAL') throw cause
    problems.push(cause.message)
  } finally {
    open = undefined
  }
  throw refusal(what, problems)
}

/** A wrong value: thrown, or kept for the end where options are being collected. */
export const wrong = <T>(error: RocketError, instead: T): T => {
  if (open === undefined) throw error
  open.push(error.message)
  return instead
}

/** Makes a check that throws one of those whose problems are collected. `name`: the option, where the check does not know. */
export const noted = (check: () => void, name?: string): void => {
  try {
    check()
  } catch (cause) {
    if (!isRocketError(cause)) throw cause
    wrong(name === undefined ? cause : illegal(`${name}: ${cause.message}`), undefined)
  }
}

const refusal = (what: string, problems: readonly string[]): RocketError =>
  problems.length === 1
    ? illegal(problems[0] ?? '', { problems })
    : illegal(`${problems.length} options of ${what} are wrong: ${problems.join('; ')}`, { problems })
