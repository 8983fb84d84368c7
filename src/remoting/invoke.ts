import type { Observable } from 'rxjs'
import { protocolError, RocketError, withDetails, isRocketError } from '../errors.ts'
import type { ErrorCode } from '../errors.ts'
import type { ConnectionRole } from '../observability/events.ts'
import { readHeader, writeHeader } from '../protocol/requests/fields.ts'
import type { HeaderFields, HeaderOf } from '../protocol/requests/fields.ts'
import { NO_BODY, onewayFrame, requestFrame } from '../protocol/frames/frame.ts'
import type { Frame } from '../protocol/frames/frame.ts'
import type { RequestRow } from '../protocol/requests/requests.ts'
import { isDenied, isRetriableResponse, responseName } from '../protocol/responses.ts'
import type { Sessions } from './sessions.ts'

/** An answer whose code was expected. The header is read when asked for: not every code carries one. */
export interface Answer<B extends HeaderFields> {
  readonly code: number
  readonly remark: string | undefined
  readonly body: Buffer
  /** The server's release. */
  readonly version: number
  /** The typed header; a field that is missing or unreadable throws ERR_RMQ_PROTOCOL. */
  header(): HeaderOf<B>
}

export interface InvokeOptions {
  readonly body?: Buffer
  /** Default 3,000 ms. */
  readonly timeoutMs?: number
  /** Default `control`. */
  readonly role?: ConnectionRole
  /** Wait for a connection that is down. Default false: fail at once. */
  readonly patient?: boolean
  /** Codes besides SUCCESS that are answers and not errors. */
  readonly accept?: readonly number[]
  /** Called when the socket took the request: from here on it may be carried out. */
  readonly onWritten?: (() => void) | undefined
}

export interface Invoke {
  /** Asks a server one row of the table. Cold; one answer or a RocketError. Never repeats. */
  invoke$<A extends HeaderFields, B extends HeaderFields>(
    endpoint: string,
    row: RequestRow<A, B>,
    header: HeaderOf<A>,
    options?: InvokeOptions,
  ): Observable<Answer<B>>
  /** The same, and makes something of the answer on the way. */
  invoke$<A extends HeaderFields, B extends HeaderFields, T>(
    endpoint: string,
    row: RequestRow<A, B>,
    header: HeaderOf<A>,
    options: InvokeOptions,
    read: (answer: Answer<B>) => T,
  ): Observable<T>
  /** The same one-way: one value when the socket took it. */
  tell$<A extends HeaderFields>(
    endpoint: string,
    row: RequestRow<A>,
    header: HeaderOf<A>,
    options?: InvokeOptions,
  ): Observable<void>
}

const DEFAULT_TIMEOUT_MS = 3_000

export const createInvoke = (sessions: Pick<Sessions, 'ask$' | 'tell$'>): Invoke => ({
  invoke$: <A extends HeaderFields, B extends HeaderFields, T>(
    endpoint: string,
    row: RequestRow<A, B>,
    header: HeaderOf<A>,
    options: InvokeOptions = {},
    read?: (answer: Answer<B>) => T,
  ) => {
    const {
      body = NO_BODY,
      timeoutMs = DEFAULT_TIMEOUT_MS,
      role = 'control',
      patient = false,
      accept,
      onWritten,
    } = options
    const fields = row.write === undefined ? writeHeader(row.asks, header) : row.write(header)
    const frame = requestFrame(row.code, { fields, body })
    return sessions.ask$({ endpoint, role, frame, timeoutMs, patient, onWritten }, response => {
      const answer = toAnswer(endpoint, row, response, accept)
      return read === undefined ? (answer as T) : read(answer) // without a reader T is the answer itself
    })
  },
  tell$: (endpoint, row, header, options = {}) => {
    const { body = NO_BODY, timeoutMs = DEFAULT_TIMEOUT_MS, role = 'control', patient = false } = options
    const frame = onewayFrame(row.code, { fields: writeHeader(row.asks, header), body })
    return sessions.tell$({ endpoint, role, frame, timeoutMs, patient })
  },
})

const toAnswer = <B extends HeaderFields>(
  endpoint: string,
  row: RequestRow<HeaderFields, B>,
  response: Frame,
  accept: readonly number[] | undefined,
): Answer<B> => {
  const { code, remark, body, version, fields } = response
  if (code !== 0 && !accept?.includes(code)) throw refused(endpoint, row.code, response)
  return {
    code,
    remark,
    body,
    version,
    header: () => {
      try {
        return readHeader(row.answers, fields)
      } catch (cause) {
        const error = isRocketError(cause)
          ? cause
          : protocolError(`unreadable answer to request ${row.code}`, { cause })
        throw withDetails(error, { endpoint, sent: 'maybe' })
      }
    },
  }
}

/** What a caller can do about a response code. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  2: 'ERR_RMQ_BUSY',
  13: 'ERR_RMQ_ILLEGAL',
  16: 'ERR_RMQ_AUTH',
  17: 'ERR_RMQ_ROUTE_NOT_FOUND',
  29: 'ERR_RMQ_ILLEGAL',
  215: 'ERR_RMQ_BUSY',
}

const ADVICE: Partial<Record<ErrorCode, string>> = {
  ERR_RMQ_BUSY: 'slow down: the broker is busy',
  ERR_RMQ_ILLEGAL: 'fix the call; the remark tells which rule',
  ERR_RMQ_AUTH: 'check credentials and permissions of topic, group and broker',
  ERR_RMQ_ROUTE_NOT_FOUND: 'create the topic, or turn on autoCreateTopicEnable at the broker',
}

/** A response code that was not expected. The server says that it did not do it, so `sent` is `no`. */
const refused = (endpoint: string, requestCode: number, response: Frame): RocketError => {
  const { code, remark } = response
  const kind = isDenied(code, remark) ? 'ERR_RMQ_AUTH' : (CODES[code] ?? 'ERR_RMQ_BROKER')
  const text = remark === undefined || remark === '' ? '' : `: ${remark.slice(0, 400)}`
  return new RocketError(
    kind,
    `${endpoint} answered request ${requestCode} with ${responseName(code)} (${code})${text}`,
    {
      retriable: kind !== 'ERR_RMQ_AUTH' && kind !== 'ERR_RMQ_ILLEGAL' && isRetriableResponse(code),
      sent: 'no',
      responseCode: code,
      endpoint,
      advice: ADVICE[kind] ?? 'read response code and remark',
      ...(remark === undefined ? {} : { remark }),
    },
  )
}
