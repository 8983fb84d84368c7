import Long from 'long'
import { illegal } from '../errors.ts'
import { tagCode } from '../protocol/hashes.ts'
import { HALF_TOPIC, SCHEDULE_TOPIC, TIMER_TOPIC } from '../protocol/names.ts'
import { PROPERTY, writeProperties } from '../protocol/messages/properties.ts'
import { readStoredMessages } from '../protocol/messages/stored-message.ts'
import { transactionOf } from '../protocol/sys-flags.ts'
import type { Delays } from './delays.ts'
import type { Holds } from './holds.ts'
import type { Draft, Log } from './log.ts'
import type { LogRecord } from './queue.ts'
import { type Timed, TIMER_PROPERTIES, without } from './timed.ts'
import type { Topics } from './topics.ts'

/** What of a broker takes part in storing. */
export interface Store {
  readonly topics: Topics
  readonly log: Log
  readonly delays: Delays
  readonly timed: Timed
  readonly holds: Holds
}

/** A message on its way into the store: where it is meant for, and its properties still apart. */
export interface NewMessage extends Omit<Draft, 'propertiesText' | 'tagCode'> {
  readonly properties: Readonly<Record<string, string>>
}

type Content = Omit<NewMessage, 'topic' | 'queueId' | 'preparedTransactionOffset'>

/** Where a message goes first. */
export interface Placement {
  readonly draft: Draft
  /** Delay level from 1, or 0: not delayed. */
  readonly level: number
  /** Which second it waits for, if it named a time of its own. */
  readonly outMs?: number
}

/**
 * A message with a delay level waits in the schedule topic, one with a time of its own in the timer topic, its real place
 * in its properties; all others go straight. A level takes precedence over a time.
 */
export const placeMessage = ({ delays, timed }: Pick<Store, 'delays' | 'timed'>, message: NewMessage): Placement => {
  const level = Math.min(wantedLevel(message), delays.levels)
  const realPlace = {
    [PROPERTY.REAL_TOPIC]: message.topic,
    [PROPERTY.REAL_QUEUE_ID]: String(message.queueId),
  }
  const draft = (topic: string, queueId: number, properties = message.properties): Draft => ({
    ...draftOf(message, topic, queueId, properties),
    preparedTransactionOffset: message.preparedTransactionOffset ?? Long.ZERO,
  })
  if (level > 0) {
    const kept = without(message.properties, TIMER_PROPERTIES)
    return {
      draft: draft(SCHEDULE_TOPIC, level - 1, { ...kept, [PROPERTY.DELAY]: String(level), ...realPlace }),
      level,
    }
  }
  const outMs = message.topic === HALF_TOPIC ? undefined : timed.outMsOf(message) // a half waits from its commit on
  if (outMs === undefined) return { draft: draft(message.topic, message.queueId), level: 0 }
  const properties = { ...message.properties, [PROPERTY.TIMER_OUT_MS]: String(outMs), ...realPlace }
  return { draft: draft(TIMER_TOPIC, 0, properties), level: 0, outMs }
}

export const storePlaced = ({ log, delays, timed, holds }: Store, { draft, level, outMs }: Placement): LogRecord => {
  const record = log.append(draft)
  if (level > 0) delays.add(record, level)
  else if (outMs !== undefined) timed.add(record, outMs)
  else holds.arrived(log.queue(record.topic, record.queueId))
  return record
}

/** A delayed message comes due: a new record in its real queue, with the delay still in its properties, and some more. */
export const deliverDelayed = (store: Store, waiting: LogRecord, more: Readonly<Record<string, string>> = {}): void => {
  const message = readStoredMessages(waiting.bytes).messages[0]
  const topic = message?.properties[PROPERTY.REAL_TOPIC]
  // A topic that is gone takes its delayed messages along.
  if (message === undefined || topic === undefined || store.topics.get(topic) === undefined) return
  const queueId = Number(message.properties[PROPERTY.REAL_QUEUE_ID])
  storePlaced(store, { draft: draftOf(message, topic, queueId, { ...message.properties, ...more }), level: 0 })
}

/** A message as it is stored somewhere, whatever its properties say of when. */
export const draftOf = (message: Content, topic: string, queueId: number, properties = message.properties): Draft => ({
  topic,
  queueId,
  flag: message.flag,
  sysFlag: message.sysFlag,
  bornTimestamp: message.bornTimestamp,
  bornHost: message.bornHost,
  reconsumeTimes: message.reconsumeTimes,
  storedBody: message.storedBody,
  propertiesText: writeProperties(properties),
  tagCode: tagCode(properties[PROPERTY.TAGS]),
})

const wantedLevel = ({ topic, properties, sysFlag }: NewMessage): number => {
  const text = properties[PROPERTY.DELAY]
  if (text === undefined || topic === HALF_TOPIC) return 0 // a half message is delayed from its commit on
  if (!/^[+-]?\d{1,10}$/.test(text)) throw illegal(`delay level "${text.slice(0, 32)}" is not a number`)
  const transaction = transactionOf(sysFlag)
  return transaction === 'none' || transaction === 'commit' ? Number(text) : 0
}
