import Long from 'long'
import { encodeStoredMessage } from '../protocol/messages/encode-stored-message.ts'
import type { Host } from '../protocol/hosts.ts'
import { createLine } from './line.ts'
import { createQueue, type LogRecord, type Queue } from './queue.ts'
import { createSlabs } from './slabs.ts'

/** A message that knows which queue it goes to, but has no place in it yet. */
export interface Draft {
  readonly topic: string
  readonly queueId: number
  readonly flag: number
  readonly sysFlag: number
  readonly bornTimestamp: number
  readonly bornHost: Host
  readonly reconsumeTimes: number
  /** As it travels, possibly compressed. */
  readonly storedBody: Buffer
  readonly propertiesText: string
  readonly tagCode: number
  /** Of a message whose transaction was committed: where its half message is. Default 0. */
  readonly preparedTransactionOffset?: Long
}

export interface LogOptions {
  /** Beyond it the oldest messages of the broker are dropped, whatever their topic. */
  readonly maxBytes: number
  /** The broker's advertised address, kept in every message. */
  readonly storeHost: Host
  readonly now: () => number
}

export interface Log {
  append(draft: Draft): LogRecord
  /** The record that begins exactly at this physical offset and is still kept. */
  at(physicalOffset: Long): LogRecord | undefined
  /** A queue of a topic that exists, made when it is asked for. */
  queue(topic: string, queueId: number): Queue
  /** For requests that name any topic and any queue. */
  existing(topic: string, queueId: number): Queue | undefined
  /** All records of a topic, queue by queue. */
  records(topic: string): readonly LogRecord[]
  readonly bytes: () => number
  /** Messages stored since the start, dropped ones included. */
  readonly appended: () => number
}

/**
 * The store of one broker: append-only queues over one sequence of physical offsets, as if all topics shared one file.
 * Messages are kept as the bytes that clients get, so an answer to a pull is a concatenation.
 */
export const createLog = ({ maxBytes, storeHost, now }: LogOptions): Log => {
  const topics = new Map<string, Queue[]>()
  const all = createLine<LogRecord>()
  const keep = createSlabs()
  let nextPhysicalOffset = 0
  let bytes = 0
  let appended = 0

  const queue = (topic: string, queueId: number): Queue => {
    let queues = topics.get(topic)
    if (queues === undefined) {
      queues = []
      topics.set(topic, queues)
    }
    for (let id = queues.length; id <= queueId; id++) queues.push(createQueue())
    return queues[queueId] as Queue // made by the loop above
  }

  const dropOldest = () => {
    const record = all.shift()
    if (record === undefined) return
    queue(record.topic, record.queueId).dropFirst()
    bytes -= record.bytes.length
  }

  /** Records lie in the order of their physical offsets. */
  const at = (physicalOffset: Long): LogRecord | undefined => {
    let from = 0
    let to = all.length()
    while (from < to) {
      const middle = Math.floor((from + to) / 2)
      if (physicalOffset.greaterThan(all.at(middle)?.physicalOffset ?? 0)) from = middle + 1
      else to = middle
    }
    const record = all.at(from)
    return record !== undefined && physicalOffset.equals(record.physicalOffset) ? record : undefined
  }

  return {
    append: draft => {
      const { topic, queueId, tagCode } = draft
      const target = queue(topic, queueId)
      const queueOffset = target.range().max
      const physicalOffset = nextPhysicalOffset
      const storeTimestamp = now()
      const encoded = keep(
        encodeStoredMessage({
          queueId,
          flag: draft.flag,
          queueOffset: Long.fromNumber(queueOffset),
          physicalOffset: Long.fromNumber(physicalOffset),
          sysFlag: draft.sysFlag,
          bornTimestamp: draft.bornTimestamp,
          bornHost: draft.bornHost,
          storeTimestamp,
          storeHost,
          reconsumeTimes: draft.reconsumeTimes,
          preparedTransactionOffset: draft.preparedTransactionOffset ?? Long.ZERO,
          storedBody: draft.storedBody,
          topic,
          propertiesText: draft.propertiesText,
        }),
      )
      const record = { topic, queueId, queueOffset, physicalOffset, storeTimestamp, tagCode, bytes: encoded }
      target.add(record)
      all.push(record)
      nextPhysicalOffset += encoded.length
      bytes += encoded.length
      appended += 1
      while (bytes > maxBytes && all.length() > 1) dropOldest()
      return record
    },
    at,
    queue,
    existing: (topic, queueId) => topics.get(topic)?.[queueId],
    records: topic => (topics.get(topic) ?? []).flatMap(queue => queue.records()),
    bytes: () => bytes,
    appended: () => appended,
  }
}
