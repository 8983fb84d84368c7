import { isRocketError } from '../index.ts'
import type { ErrorCode } from '../index.ts'

/** What the exit code of `rmq` says. Scripts build on it. */
export const EXIT = {
  OK: 0,
  /** Some messages failed, or something else did. */
  FAILED: 1,
  USAGE: 2,
  /** No connection, or no route to the topic. */
  UNREACHABLE: 3,
  DENIED: 4,
  TIMEOUT: 5,
  SIGINT: 130,
  SIGTERM: 143,
} as const

const BY_ERROR: Partial<Record<ErrorCode, number>> = {
  ERR_RMQ_CONNECT: EXIT.UNREACHABLE,
  ERR_RMQ_ROUTE_NOT_FOUND: EXIT.UNREACHABLE,
  ERR_RMQ_AUTH: EXIT.DENIED,
  ERR_RMQ_TIMEOUT: EXIT.TIMEOUT,
  ERR_RMQ_ILLEGAL: EXIT.USAGE,
}

export const exitCodeOf = (error: unknown): number =>
  isRocketError(error) ? (BY_ERROR[error.code] ?? EXIT.FAILED) : EXIT.FAILED

/** One sentence about an error, and what to do about it. */
export const sentenceOf = (error: unknown): string => {
  if (isRocketError(error)) return error.advice === undefined ? error.message : `${error.message} (${error.advice})`
  return error instanceof Error ? error.message : String(error)
}
