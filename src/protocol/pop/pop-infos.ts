import type Long from 'long'
import { decodeFailed } from '../../errors.ts'
import { readInt, readLong } from './pop-numbers.ts'
import { withoutTrailing } from '../without-trailing.ts'

// What the header of an answer to POP_MESSAGE says about the messages in its body: entries with `;` between them, each
// of topic mark, queue and value with blanks between them (`ExtraInfoUtil`).

/** Key of an entry about a queue. */
export const queueInfoKey = (mark: string, queueId: number): string => `${mark}@${queueId}`

/** Key of an entry about one message of a queue; only `orderCountInfo` has such entries. */
export const offsetInfoKey = (mark: string, queueId: number, queueOffset: Long): string =>
  `${mark}@${offsetPart(queueId, queueOffset)}`

const offsetPart = (queueId: number, queueOffset: Long): string => `qo${queueId}%${queueOffset.toString()}`

/** Where the popped messages of one queue begin, as `startOffsetInfo` tells. */
export interface QueueStart {
  readonly mark: string
  readonly queueId: number
  readonly startOffset: Long
}

/** The popped messages of one queue, as `msgOffsetInfo` tells. */
export interface QueueMessages {
  readonly mark: string
  readonly queueId: number
  /** In the order of the body. */
  readonly queueOffsets: readonly Long[]
}

/** How often messages of a queue were popped before, as `orderCountInfo` tells. */
export interface OrderCount {
  readonly mark: string
  readonly queueId: number
  /** Undefined: of all messages of the queue that have no entry of their own. */
  readonly queueOffset: Long | undefined
  /** How often it was consumed before. */
  readonly count: number
}

/** Where the pop of each queue began. */
export const encodeStartOffsets = (starts: readonly QueueStart[]): string =>
  starts.map(({ mark, queueId, startOffset }) => `${mark} ${queueId} ${startOffset.toString()}`).join(';')

/** Which messages of each queue are in the body. */
export const encodeMessageOffsets = (queues: readonly QueueMessages[]): string =>
  queues.map(({ mark, queueId, queueOffsets }) => `${mark} ${queueId} ${queueOffsets.join(',')}`).join(';')

/** How often messages of an ordered pop were consumed before. */
export const encodeOrderCounts = (counts: readonly OrderCount[]): string =>
  counts
    .map(({ mark, queueId, queueOffset, count }) => {
      const which = queueOffset === undefined ? String(queueId) : offsetPart(queueId, queueOffset)
      return `${mark} ${which} ${count}`
    })
    .join(';')

/** By `queueInfoKey`; empty when the broker said nothing. Throws `ERR_RMQ_DECODE`, as the two others. */
export const decodeStartOffsets = (text: string): ReadonlyMap<string, Long> =>
  entriesOf(text, 'startOffsetInfo', readLong)

/** By `queueInfoKey`. */
export const decodeMessageOffsets = (text: string): ReadonlyMap<string, readonly Long[]> =>
  entriesOf(text, 'msgOffsetInfo', (value, what) => value.split(',').map(offset => readLong(offset, what)))

/** By `offsetInfoKey` or `queueInfoKey`. */
export const decodeOrderCounts = (text: string): ReadonlyMap<string, number> =>
  entriesOf(text, 'orderCountInfo', readInt)

const entriesOf = <T>(text: string, name: string, read: (value: string, what: string) => T): ReadonlyMap<string, T> => {
  const entries = new Map<string, T>()
  const written = withoutTrailing(text, ';')
  if (written === '') return entries
  for (const [index, entry] of written.split(';').entries()) {
    const what = `entry ${index + 1} of ${name}`
    const [mark, which, value, ...more] = entry.split(' ')
    if (mark === undefined || which === undefined || value === undefined || more.length > 0) {
      throw decodeFailed(`${what}: expected 3 parts with blanks between them, not "${entry.slice(0, 32)}"`)
    }
    const key = `${mark}@${which}`
    if (entries.has(key)) throw decodeFailed(`${what}: expected each queue once, ${key.slice(0, 32)} was there before`)
    entries.set(key, read(value, what))
  }
  return entries
}
