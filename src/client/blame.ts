import type { ErrorCode, RocketError } from '../errors.ts'
import { isRetriableResponse } from '../protocol/responses.ts'

/** What a server that is not well causes when it gives no answer, or says that it has too much to do. */
const SILENT_FAILURES: ReadonlySet<ErrorCode> = new Set([
  'ERR_RMQ_CONNECT',
  'ERR_RMQ_TIMEOUT',
  'ERR_RMQ_BUSY',
  'ERR_RMQ_PROTOCOL',
])

/**
 * Whether a failure speaks against the broker: no answer, or one for which the official client asks another broker. What
 * is wrong with the message, or with the caller's credentials, would be so everywhere.
 */
export const speaksAgainst = (error: RocketError): boolean =>
  error.responseCode === undefined
    ? SILENT_FAILURES.has(error.code)
    : isRetriableResponse(error.responseCode) && !isDenied(error)

/** A wrong password does not get better by repeating, though it comes with a code that Java repeats. */
export const isDenied = ({ remark = '' }: RocketError): boolean =>
  /AclException|signature|accessKey|permission to access/i.test(remark)
