import type { Language } from './languages.ts'

/** Fields of a command header: text to text, as on the wire. */
export type Fields = Readonly<Record<string, string>>

/**
 * One command of the Remoting protocol, in either direction (`RemotingCommand` of the official clients).
 * The header travels as JSON or in the compact ROCKETMQ form; both read into this.
 */
export interface Frame {
  /** Request code or response code. */
  readonly code: number
  /** The sender's language; undefined when it names one that we do not know. */
  readonly language: Language | undefined
  /** The sender's release as an ordinal: 479 is 5.3.3, 401 is 4.9.4. */
  readonly version: number
  /** Correlation id, a signed 32-bit number. Each side numbers its own requests. */
  readonly opaque: number
  /** Bit 0: response. Bit 1: one-way. */
  readonly flag: number
  readonly remark: string | undefined
  /** May have members named `__proto__` or `constructor`: they are own properties. */
  readonly fields: Fields
  /** Zero bytes when there is none: the protocol does not tell an empty body from no body. */
  readonly body: Buffer
}

export const RESPONSE_FLAG = 1
const ONEWAY_FLAG = 2

/** No header fields: an object without members and without a prototype. */
export const NO_FIELDS: Fields = Object.freeze(Object.create(null) as Record<string, string>)
/** No body: zero bytes. */
export const NO_BODY: Buffer = Buffer.alloc(0)

/** 5.3.3: new enough for standard JSON routes and for GO_AWAY. */
export const PROTOCOL_VERSION = 479
/** Known by every server; NODE_JS only by 5.3.2 and later. */
export const DEFAULT_LANGUAGE: Language = 'OTHER'

/** Whether a frame answers a request of the receiver. */
export const isResponse = (frame: Pick<Frame, 'flag'>): boolean => (frame.flag & RESPONSE_FLAG) !== 0
/** Whether a frame must not be answered. */
export const isOneway = (frame: Pick<Frame, 'flag'>): boolean => (frame.flag & ONEWAY_FLAG) !== 0
/** Whether a frame asks something of the receiver, one-way or not. */
export const isRequest = (frame: Pick<Frame, 'flag'>): boolean => !isResponse(frame)

/** What a frame may say besides its code. Default: opaque 0, no fields, no body, `DEFAULT_LANGUAGE`, `PROTOCOL_VERSION`. */
export interface RequestParts {
  readonly fields?: Fields
  readonly body?: Buffer
  readonly remark?: string
  readonly opaque?: number
  readonly language?: Language
  readonly version?: number
}

/** A request. Whoever sends it gives it the opaque by which its answer is known. */
export const requestFrame = (code: number, parts: RequestParts = {}): Frame => ({
  code,
  language: parts.language ?? DEFAULT_LANGUAGE,
  version: parts.version ?? PROTOCOL_VERSION,
  opaque: parts.opaque ?? 0,
  flag: 0,
  remark: parts.remark,
  fields: parts.fields ?? NO_FIELDS,
  body: parts.body ?? NO_BODY,
})

/** A request that must not be answered. */
export const onewayFrame = (code: number, parts: RequestParts = {}): Frame => ({
  ...requestFrame(code, parts),
  flag: ONEWAY_FLAG,
})

/** The answer to a request: same opaque, response bit set. */
export const responseFrame = (request: Pick<Frame, 'opaque'>, code: number, parts: RequestParts = {}): Frame => ({
  ...requestFrame(code, { ...parts, opaque: request.opaque }),
  flag: RESPONSE_FLAG,
})
