/** What a caller can do something about. Match by `code`, never by `instanceof`: two copies of the package may be loaded. */
export type ErrorCode =
  | 'ERR_RMQ_CONNECT'
  | 'ERR_RMQ_TIMEOUT'
  | 'ERR_RMQ_BUSY'
  | 'ERR_RMQ_OVERFLOW'
  | 'ERR_RMQ_BROKER'
  | 'ERR_RMQ_ROUTE_NOT_FOUND'
  | 'ERR_RMQ_ILLEGAL'
  | 'ERR_RMQ_TOO_LARGE'
  | 'ERR_RMQ_ENCODE'
  | 'ERR_RMQ_AUTH'
  | 'ERR_RMQ_DECODE'
  | 'ERR_RMQ_PROTOCOL'
  | 'ERR_RMQ_OFFSET'
  | 'ERR_RMQ_LOCK_LOST'
  | 'ERR_RMQ_STALLED'
  | 'ERR_RMQ_REPLY_TIMEOUT'
  | 'ERR_RMQ_CLOSED'
  | 'ERR_RMQ_STREAM_STOPPED'
  | 'ERR_RMQ_ALREADY_CONSUMING'

/** `no`: certainly not carried out. `maybe`: the bytes reached the socket, so it may have happened. */
export type Sent = 'no' | 'maybe'

/** One try of an operation that was tried more than once. */
export interface Attempt {
  /** `host:port` of the server that was asked. */
  readonly endpoint: string
  readonly code: ErrorCode
  /** Whether this try may have been carried out. */
  readonly sent: Sent
  /** The server's response code, where it answered. */
  readonly responseCode?: number
  /** From the start of the operation to the end of this try. */
  readonly elapsedMs: number
}

/** What became of one of several inputs of one operation. */
export type PartialOutcome =
  | { readonly ok: true; readonly input: unknown; readonly result: unknown }
  | { readonly ok: false; readonly input: unknown; readonly error: RocketError }

/** What a RocketError tells besides its code and message; what is left out is unknown, `false`, `no` or empty. */
export interface RocketErrorDetails {
  readonly retriable?: boolean
  readonly sent?: Sent
  readonly responseCode?: number
  readonly remark?: string
  readonly endpoint?: string
  readonly topic?: string
  /** `topic@brokerName:queueId` */
  readonly queue?: string
  /** Decimal string. */
  readonly offset?: string
  readonly attempts?: readonly Attempt[]
  readonly advice?: string
  readonly cause?: unknown
  readonly input?: unknown
  readonly unsent?: readonly unknown[]
  readonly partial?: readonly PartialOutcome[]
  readonly problems?: readonly string[]
}

/**
 * The one error of this library: `code` says what, `endpoint`, `topic`, `queue` and `offset` say where, `sent` says
 * whether it may have happened, `retriable` and `advice` say what to do.
 */
export class RocketError extends Error {
  override readonly name = 'RocketError'
  /** Stable: match by it. */
  readonly code: ErrorCode
  /** Whether the same call may succeed later. Look at `sent` as well. */
  readonly retriable: boolean
  readonly sent: Sent
  /** The server's response code, where it answered. */
  readonly responseCode: number | undefined
  /** What the server said, in its words. */
  readonly remark: string | undefined
  /** `host:port` */
  readonly endpoint: string | undefined
  readonly topic: string | undefined
  /** `topic@brokerName:queueId` */
  readonly queue: string | undefined
  /** Decimal string. */
  readonly offset: string | undefined
  /** What was tried, in order; empty where an operation is tried once. */
  readonly attempts: readonly Attempt[]
  /** One sentence on what can be done. */
  readonly advice: string | undefined
  /** Of ERR_RMQ_STREAM_STOPPED: the input whose send failed. Of a batch that is refused: the message it is refused for. */
  readonly input: unknown
  /** Of ERR_RMQ_STREAM_STOPPED: inputs that had arrived and were not stored. */
  readonly unsent: readonly unknown[]
  /** Of a batch: what became of each of its messages, in their order; empty where it was refused as a whole. */
  readonly partial: readonly PartialOutcome[]
  /** Of options that are wrong: each thing that is wrong with them. */
  readonly problems: readonly string[]

  constructor(code: ErrorCode, message: string, details: RocketErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.retriable = details.retriable ?? false
    this.sent = details.sent ?? 'no'
    this.responseCode = details.responseCode
    this.remark = details.remark
    this.endpoint = details.endpoint
    this.topic = details.topic
    this.queue = details.queue
    this.offset = details.offset
    this.attempts = details.attempts ?? []
    this.advice = details.advice
    this.input = details.input
    this.unsent = details.unsent ?? []
    this.partial = details.partial ?? []
    this.problems = details.problems ?? []
  }

  /** For logs: every field but the inputs of the user. */
  toJSON(): Record<string, unknown> {
    // inputs of the user do not belong in logs
    return { ...own(this), message: this.message, input: undefined, unsent: undefined, partial: undefined }
  }
}

/** Whether something is a RocketError, also one made by another copy of this package. */
export const isRocketError = (error: unknown): error is RocketError =>
  error instanceof RocketError ||
  (error instanceof Error && error.name === 'RocketError' && 'code' in error && /^ERR_RMQ_/.test(String(error.code)))

/** The same error with more told about where and how it happened. */
export const withDetails = (error: RocketError, details: RocketErrorDetails): RocketError =>
  new RocketError(error.code, error.message, {
    ...present({ ...own(error), cause: error.cause }),
    ...details,
  })

const own = (error: RocketError): Record<string, unknown> => Object.fromEntries(Object.entries(error))

const present = (details: Record<string, unknown>): RocketErrorDetails =>
  Object.fromEntries(Object.entries(details).filter(([, value]) => value !== undefined))

const messageOf = (cause: unknown): string => (cause instanceof Error && cause.message ? `: ${cause.message}` : '')

export const notConnected = (endpoint: string, cause?: unknown): RocketError =>
  new RocketError('ERR_RMQ_CONNECT', `no connection to ${endpoint}${messageOf(cause)}`, {
    retriable: true,
    endpoint,
    cause,
    advice:
      'check that the server runs and that its advertised address is reachable from here (brokerIP1, or addressMap)',
  })

export const connectionLost = (endpoint: string, sent: Sent, cause?: unknown): RocketError =>
  new RocketError('ERR_RMQ_CONNECT', `connection to ${endpoint} lost${messageOf(cause)}`, {
    retriable: true,
    sent,
    endpoint,
    cause,
    advice: sent === 'maybe' ? 'it may have been carried out: repeat only what may happen twice' : 'try again',
  })

export const requestTimeout = (endpoint: string, opaque: number, timeoutMs: number, sent: Sent): RocketError =>
  new RocketError('ERR_RMQ_TIMEOUT', `no response to #${opaque} from ${endpoint} within ${timeoutMs} ms`, {
    retriable: true,
    sent,
    endpoint,
    advice: sent === 'maybe' ? 'it may have been carried out: repeat only what may happen twice' : 'try again',
  })

export const operationTimeout = (what: string, timeoutMs: number, details: RocketErrorDetails = {}): RocketError =>
  new RocketError('ERR_RMQ_TIMEOUT', `${what} took longer than ${timeoutMs} ms`, { retriable: true, ...details })

/** Bad input: nothing was sent, nothing else is affected. */
export const illegal = (message: string, details: RocketErrorDetails = {}): RocketError =>
  new RocketError('ERR_RMQ_ILLEGAL', message, { advice: 'fix the call', ...details })

export const tooLarge = (what: string, bytes: number, limit: number, details: RocketErrorDetails = {}): RocketError =>
  new RocketError('ERR_RMQ_TOO_LARGE', `${what} has ${bytes} bytes, the limit is ${limit}`, {
    advice: 'send less in one piece, or raise the limit on both sides',
    ...details,
  })

export const encodeFailed = (what: string, cause: unknown, details: RocketErrorDetails = {}): RocketError =>
  new RocketError('ERR_RMQ_ENCODE', `cannot encode ${what}${messageOf(cause)}`, {
    cause,
    advice: 'fix the value or its codec',
    ...details,
  })

/** One message, or one body, that cannot be read. */
export const decodeFailed = (message: string, details: RocketErrorDetails = {}): RocketError =>
  new RocketError('ERR_RMQ_DECODE', message, {
    advice: 'choose onDecodeError; keep the bytes for a bug report',
    ...details,
  })

/** Bytes that break the protocol: the connection they came on is given up. */
export const protocolError = (message: string, details: RocketErrorDetails = {}): RocketError =>
  new RocketError('ERR_RMQ_PROTOCOL', message, { advice: 'is this a RocketMQ remoting port?', ...details })

export const overflow = (what: string, limit: number, details: RocketErrorDetails = {}): RocketError =>
  new RocketError('ERR_RMQ_OVERFLOW', `${what} is full: the limit is ${limit}`, {
    retriable: true,
    advice: 'slow the source down, or raise the limit',
    ...details,
  })

export const routeNotFound = (topic: string, why: string, details: RocketErrorDetails = {}): RocketError =>
  new RocketError('ERR_RMQ_ROUTE_NOT_FOUND', `no route to topic "${topic}": ${why}`, {
    topic,
    advice: 'create the topic (or turn on autoCreateTopicEnable), and check namespace and name server',
    ...details,
  })

/** The request is stored, and may have been carried out: only its reply did not come. */
export const replyTimeout = (topic: string, timeoutMs: number): RocketError =>
  new RocketError('ERR_RMQ_REPLY_TIMEOUT', `no reply to a request to topic "${topic}" within ${timeoutMs} ms`, {
    topic,
    sent: 'maybe',
    advice: 'ask whether it happened; check that a consumer of the topic runs and replies, or raise timeoutMs',
  })

/** The end of a stream of sends after its first failure. */
export const streamStopped = (cause: RocketError, input: unknown, unsent: readonly unknown[]): RocketError =>
  new RocketError(
    'ERR_RMQ_STREAM_STOPPED',
    `a send failed and ${unsent.length} inputs were not sent: ${cause.message}`,
    {
      cause,
      sent: cause.sent,
      attempts: cause.attempts,
      input,
      unsent,
      advice: 'send `input` and `unsent` again, or use onError: "continue"',
    },
  )

/** Some messages of a batch, or all, failed: its code and what it says of repeating are those of the first failure. */
export const batchFailed = (cause: RocketError, sent: Sent, partial: readonly PartialOutcome[]): RocketError => {
  const failed = partial.filter(({ ok }) => !ok).length
  return new RocketError(cause.code, `${failed} of ${partial.length} messages of a batch failed: ${cause.message}`, {
    ...present({ ...own(cause), cause }),
    sent,
    partial,
    advice: 'send again what failed: `partial` tells of each message whether it is stored',
  })
}

export const closed = (what: string): RocketError =>
  new RocketError('ERR_RMQ_CLOSED', `${what} is closed`, { advice: 'create a new one' })

/** Another member may consume the queue now. */
export const lockLost = (queue: string): RocketError =>
  new RocketError('ERR_RMQ_LOCK_LOST', `the lock of queue ${queue} is lost`, {
    queue,
    advice: 'let go: what was in hand is delivered again, here or elsewhere',
  })

/** A queue has no such offset. */
export const offsetOutside = (queue: string, offset: string, min: string, max: string): RocketError =>
  new RocketError('ERR_RMQ_OFFSET', `offset ${offset} is outside queue ${queue}, which goes from ${min} to ${max}`, {
    queue,
    offset,
    advice: 'seek to first, last, a time, or an offset between the two',
  })

/** Offsets that are kept in a file, which could not be read or written. */
export const offsetFileFailed = (what: 'read' | 'written', path: string, cause: unknown): RocketError =>
  new RocketError('ERR_RMQ_OFFSET', `the offsets in ${path} could not be ${what}${messageOf(cause)}`, {
    retriable: true,
    cause,
    advice: 'see that the directory may be written and has room: it is tried again',
  })

/** Offsets that are kept in a file, which is missing or damaged; `becomes` says what then. */
export const offsetFileDamaged = (path: string, becomes: string, cause: unknown): RocketError =>
  new RocketError('ERR_RMQ_DECODE', `the offsets in ${path} are missing or damaged: ${becomes}${messageOf(cause)}`, {
    cause,
    advice: 'see what damaged the disk; without the files the group begins as `startFrom` says',
  })

/** A delivery that nobody settled for too long. `how` it stands there: the words that `explain` has for it. */
export const stalled = (group: string, queue: string, offset: string, how: string): RocketError =>
  new RocketError('ERR_RMQ_STALLED', `group "${group}" does not get on in ${queue}: ${how}`, {
    queue,
    offset,
    advice: 'settle each delivery, bound handlers by timeoutMs, or raise settleTimeoutMs',
  })

export const alreadyConsuming = (group: string): RocketError =>
  new RocketError('ERR_RMQ_ALREADY_CONSUMING', `this consumer of group "${group}" has a subscriber already`, {
    advice: 'subscribe once per consumer and share what it emits, or create a second consumer',
  })
