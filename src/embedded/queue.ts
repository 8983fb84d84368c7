import type Long from 'long'
import { createLine } from './line.ts'

/** One message in a queue: its bytes as clients get them, and what is asked of it without decoding them. */
export interface LogRecord {
  readonly topic: string
  readonly queueId: number
  readonly queueOffset: number
  readonly physicalOffset: number
  readonly storeTimestamp: number
  /** Java hash of the tag, 0 without one. */
  readonly tagCode: number
  readonly bytes: Buffer
}

/** `max` is one past the last. Both 0 as long as nothing was ever stored. */
export interface QueueRange {
  readonly min: number
  readonly max: number
}

/** How reading ended, by the official broker's names. */
export type ReadStatus =
  | 'FOUND'
  | 'NO_MATCHED_MESSAGE'
  | 'NO_MESSAGE_IN_QUEUE'
  | 'OFFSET_TOO_SMALL'
  | 'OFFSET_OVERFLOW_ONE'
  | 'OFFSET_OVERFLOW_BADLY'
  | 'OFFSET_RESET'

export interface Reading {
  readonly status: ReadStatus
  /** Where to read on. */
  readonly next: number
  readonly parts: readonly Buffer[]
}

interface ReadLimits {
  readonly messages: number
  readonly bytes: number
  /** Records looked at, whether they match or not. */
  readonly examined: number
}

export interface Queue {
  readonly range: () => QueueRange
  readonly add: (record: LogRecord) => void
  /** Forgets the oldest record. */
  readonly dropFirst: () => void
  readonly at: (offset: number) => LogRecord | undefined
  readonly records: () => readonly LogRecord[]
  readonly read: (from: Long, limits: ReadLimits, passes: (record: LogRecord) => boolean) => Reading
  /** Whether a record in [from, max) passes. */
  readonly hasMatch: (from: number, passes: (record: LogRecord) => boolean) => boolean
}

const NO_PARTS: readonly Buffer[] = []

export const createQueue = (): Queue => {
  const records = createLine<LogRecord>()
  let min = 0

  const max = () => min + records.length()
  const at = (offset: number) => records.at(offset - min)

  const read: Queue['read'] = (from, limits, passes) => {
    const end = max()
    if (end === 0) {
      return from.isZero() ? nothing('NO_MESSAGE_IN_QUEUE', 0) : nothing('OFFSET_OVERFLOW_BADLY', 0)
    }
    if (from.lessThan(min)) return nothing('OFFSET_TOO_SMALL', min)
    if (from.equals(end)) return nothing('OFFSET_OVERFLOW_ONE', end)
    if (from.greaterThan(end)) return nothing('OFFSET_OVERFLOW_BADLY', end)
    const parts: Buffer[] = []
    let bytes = 0
    let offset = from.toNumber() // within the queue, hence exact
    const last = Math.min(end, offset + limits.examined)
    while (offset < last && parts.length < limits.messages) {
      const record = at(offset)
      if (record === undefined) break
      if (parts.length > 0 && bytes + record.bytes.length > limits.bytes) break
      offset += 1
      if (!passes(record)) continue
      parts.push(record.bytes)
      bytes += record.bytes.length
    }
    return { status: parts.length > 0 ? 'FOUND' : 'NO_MATCHED_MESSAGE', next: offset, parts }
  }

  return {
    range: () => ({ min, max: max() }),
    add: records.push,
    dropFirst: () => {
      if (records.shift() !== undefined) min += 1
    },
    at,
    records: records.toArray,
    read,
    hasMatch: (from, passes) => {
      const end = max()
      for (let offset = Math.max(from, min); offset < end; offset++) {
        const record = at(offset)
        if (record !== undefined && passes(record)) return true
      }
      return false
    },
  }
}

const nothing = (status: ReadStatus, next: number): Reading => ({ status, next, parts: NO_PARTS })
