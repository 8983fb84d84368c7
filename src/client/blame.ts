import type { ErrorCode, RocketError } from '../errors.ts'
import { isDenied, isRetriableResponse } from '../protocol/responses.ts'

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
export const speaksAgainst = ({ code, responseCode, remark }: RocketError): boolean =>
  responseCode === undefined
    ? SILENT_FAILURES.has(code)
    : isRetriableResponse(responseCode) && !isDenied(responseCode, remark)
