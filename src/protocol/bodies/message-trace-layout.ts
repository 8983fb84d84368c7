/** `MessageType` of the official client, by its number. */
const MESSAGE_TYPES = ['normal', 'half', 'commit', 'delay', 'order'] as const
/** `ConsumeReturnType` of the official client, by its number. */
const OUTCOMES = ['success', 'timeout', 'exception', 'returned-null', 'failed'] as const
const STATES = ['COMMIT_MESSAGE', 'ROLLBACK_MESSAGE', 'UNKNOW'] as const

/** What kind of message a trace is about. */
export type TraceMessageType = (typeof MESSAGE_TYPES)[number]
/** How a consumer fared with a message. */
export type TraceOutcome = (typeof OUTCOMES)[number]

export const FIELD_SEPARATOR = '\u0001'
export const RECORD_END = '\u0002'
/** How Java writes that there is no value. */
const NONE = 'null'

/** How a value looks in a record. */
interface Kind {
  readonly write: (value: string | number | boolean | undefined) => string
  /** Undefined for what the value cannot be, or for no value where that is allowed. */
  readonly read: (written: string) => unknown
  /** What is wrong when nothing can be read; undefined where there may be no value. */
  readonly expected?: string
}

/** What stands behind the type of a record; the first `required` of it always, the rest may be missing from the end on. */
export interface TraceLayout {
  readonly members: readonly (Kind & { readonly name: string })[]
  readonly required: number
}

const text: Kind = { write: String, read: written => written }
/** An empty text at the end would be lost on Java's reader, which then reads beyond the end. */
const textOrNone: Kind = {
  write: value => (value === undefined || value === '' ? NONE : String(value)),
  read: written => (written === NONE || written === '' ? undefined : written),
}
const integer: Kind = {
  write: String,
  read: written => {
    const value = /^-?\d{1,16}$/.test(written) ? Number(written) : undefined
    return Number.isSafeInteger(value) ? value : undefined
  },
  expected: 'an integer',
}
/** Java reads any casing of "true" as true and everything else as false. */
const bool: Kind = { write: String, read: written => written.toLowerCase() === 'true' }
const numbered = (names: readonly string[]): Kind => ({
  write: value => String(names.findIndex(name => name === value)),
  read: written => (/^\d$/.test(written) ? names[Number(written)] : undefined),
  expected: `a number from 0 to ${names.length - 1}`,
})
const named = (names: readonly string[]): Kind => ({
  write: String,
  read: written => names.find(name => name === written),
  expected: `one of ${names.join(', ')}`,
})

const layout = (required: number, kinds: Readonly<Record<string, Kind>>): TraceLayout => ({
  members: Object.entries(kinds).map(([name, kind]) => ({ name, ...kind })),
  required,
})

const HEAD = { timestamp: integer, regionId: text, group: text }
const MESSAGE = { topic: text, messageId: text, tags: textOrNone, keys: textOrNone, storeHost: text }

/** The members of each type of record in the order in which they are written (`TraceDataEncoder`). */
export const LAYOUTS = {
  Pub: layout(13, {
    ...HEAD,
    ...MESSAGE,
    bodyLength: integer,
    costMs: integer,
    messageType: numbered(MESSAGE_TYPES),
    offsetMessageId: textOrNone,
    success: bool,
    clientHost: text,
  }),
  SubBefore: layout(7, {
    ...HEAD,
    requestId: text,
    messageId: text,
    retryTimes: integer,
    keys: textOrNone,
    clientHost: text,
  }),
  SubAfter: layout(5, {
    requestId: text,
    messageId: text,
    costMs: integer,
    success: bool,
    keys: textOrNone,
    outcome: numbered(OUTCOMES),
    timestamp: integer,
    group: text,
  }),
  EndTransaction: layout(12, {
    ...HEAD,
    ...MESSAGE,
    messageType: numbered(MESSAGE_TYPES),
    transactionId: text,
    state: named(STATES),
    fromCheck: bool,
  }),
  Recall: layout(6, { ...HEAD, topic: text, messageId: text, success: bool }),
} as const satisfies Readonly<Record<string, TraceLayout>>

/** Undefined for a type that is not known. */
export const layoutOf = (type: string): TraceLayout | undefined =>
  Object.hasOwn(LAYOUTS, type) ? LAYOUTS[type as keyof typeof LAYOUTS] : undefined
