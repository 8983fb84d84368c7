import { decodeFailed, illegal } from '../../errors.ts'
import { FIELD_SEPARATOR, layoutOf, LAYOUTS, RECORD_END } from './message-trace-layout.ts'
import type { TraceLayout, TraceMessageType, TraceOutcome } from './message-trace-layout.ts'

export type { TraceMessageType, TraceOutcome } from './message-trace-layout.ts'

/** What one message of a trace topic tells about one message: the text of its body is made of such records. */
export type TraceRecord = PubTrace | SubBeforeTrace | SubAfterTrace | EndTransactionTrace | RecallTrace

/** What all records but `SubAfter` begin with. */
interface TraceHead {
  /** Epoch ms. */
  readonly timestamp: number
  readonly regionId: string
  /** Without namespace, as topics are. */
  readonly group: string
}

interface TracedMessage {
  readonly topic: string
  /** The id that users see. */
  readonly messageId: string
  readonly tags?: string
  /** As the message has them: separated by spaces. */
  readonly keys?: string
  /** `ip:port` of the broker. */
  readonly storeHost: string
}

/** A message was sent, or was not. */
export interface PubTrace extends TraceHead, TracedMessage {
  readonly type: 'Pub'
  readonly bodyLength: number
  readonly costMs: number
  readonly messageType: TraceMessageType
  readonly offsetMessageId?: string
  readonly success: boolean
  /** Address of the sender; only the Go client writes it. */
  readonly clientHost?: string
}

/** A handler is about to get a message. */
export interface SubBeforeTrace extends TraceHead {
  readonly type: 'SubBefore'
  /** Shared with the `SubAfter` of the same call. */
  readonly requestId: string
  readonly messageId: string
  readonly retryTimes: number
  readonly keys?: string
  readonly clientHost?: string
}

/** A handler has had a message. Records of older clients end before the outcome, those for vendor clouds after it. */
export interface SubAfterTrace {
  readonly type: 'SubAfter'
  readonly requestId: string
  readonly messageId: string
  readonly costMs: number
  readonly success: boolean
  readonly keys?: string
  readonly outcome?: TraceOutcome
  /** Epoch ms. */
  readonly timestamp?: number
  readonly group?: string
}

/** A transaction was decided. */
export interface EndTransactionTrace extends TraceHead, TracedMessage {
  readonly type: 'EndTransaction'
  readonly messageType: TraceMessageType
  readonly transactionId: string
  readonly state: 'COMMIT_MESSAGE' | 'ROLLBACK_MESSAGE' | 'UNKNOW'
  /** Whether the broker had asked. */
  readonly fromCheck: boolean
}

/** A delayed message was taken back. */
export interface RecallTrace extends TraceHead {
  readonly type: 'Recall'
  readonly topic: string
  readonly messageId: string
  readonly success: boolean
  /** Not part of the text, but of `traceKeys`. */
  readonly keys?: string
}

/** More than any record has: what stands behind them is not kept. */
const MAX_VALUES = 32

/**
 * The body of a message to the trace topic (`TraceDataEncoder`).
 * @throws ERR_RMQ_ILLEGAL when a value contains U+0001 or U+0002, which would end it.
 */
export const encodeTraceRecords = (records: readonly TraceRecord[]): string => records.map(encodeRecord).join('')

/** What the `KEYS` of that message must name, so that the records are found: the ids and keys of all traced messages. */
export const traceKeys = (records: readonly TraceRecord[]): readonly string[] => [
  ...new Set(records.flatMap(({ messageId, keys = '' }) => [messageId, ...keys.split(' ')]).filter(key => key !== '')),
]

/**
 * The records of such a body, of Java clients since 4.9 and of the Go client. Records of a kind that is not known are
 * passed over, as by the official reader.
 * @throws ERR_RMQ_DECODE with the place of a record that has too few values, or one that cannot be read.
 */
export const decodeTraceRecords = (text: string): readonly TraceRecord[] => {
  const records: TraceRecord[] = []
  let number = 0
  for (let start = 0; start < text.length; number++) {
    const end = endOfRecord(text, start)
    const [type = '', ...values] = text.slice(start, end).split(FIELD_SEPARATOR, MAX_VALUES)
    const layout = layoutOf(type)
    if (layout !== undefined)
      records.push(recordOf(type, values, layout, `trace record ${number + 1} at character ${start}`))
    start = end + 1
  }
  return records
}

const endOfRecord = (text: string, start: number): number => {
  const end = text.indexOf(RECORD_END, start)
  return end === -1 ? text.length : end
}

const encodeRecord = (record: TraceRecord): string => {
  const { members, required } = LAYOUTS[record.type]
  const values = record as unknown as Readonly<Record<string, string | number | boolean | undefined>>
  const written: string[] = [record.type]
  for (const [position, { name, write }] of members.entries()) {
    if (position >= required && values[name] === undefined) break
    written.push(write(values[name]))
  }
  // where the time is left out for vendor clouds, the official writer leaves the separator in front of it
  if (record.type === 'SubAfter' && record.outcome !== undefined && record.timestamp === undefined) written.push('')
  if (written.some(value => value.includes(FIELD_SEPARATOR) || value.includes(RECORD_END))) {
    throw illegal(`a value of a ${record.type} trace contains U+0001 or U+0002, which separate values`)
  }
  return written.join(FIELD_SEPARATOR) + RECORD_END
}

const recordOf = (type: string, given: readonly string[], layout: TraceLayout, where: string): TraceRecord => {
  const { members, required } = layout
  // the oldest clients knew no offset id of what they sent
  const values =
    type === 'Pub' && given.length === required - 1 ? [...given.slice(0, -1), '', ...given.slice(-1)] : given
  if (values.length < required) {
    throw decodeFailed(`${where}: expected at least ${required + 1} values of ${type}, found ${values.length + 1}`)
  }
  const record: Record<string, unknown> = { type }
  for (const [position, { name, read, expected }] of members.entries()) {
    const written = values[position] ?? ''
    if (position >= required && written === '') break
    const value = read(written)
    if (value !== undefined) record[name] = value
    else if (expected !== undefined) throw decodeFailed(`${where}: expected ${expected} as ${name}`)
  }
  return record as unknown as TraceRecord // every member of its layout has been read
}
