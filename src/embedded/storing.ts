import Long from 'long'
import { illegal } from '../errors.ts'
import { tagCode } from '../protocol/hashes.ts'
import { HALF_TOPIC, SCHEDULE_TOPIC } from '../protocol/names.ts'
import { PROPERTY, writeProperties } from '../protocol/properties.ts'
import { readStoredMessages } from '../protocol/stored-message.ts'
import { transactionOf } from '../protocol/sys-flags.ts'
import type { Delays } from './delays.ts'
import type { Holds } from './holds.ts'
import type { Draft, Log } from './log.ts'
import type { LogRecord } from './queue.ts'
import type { Topics } from './topics.ts'

/** What of a broker takes part in storing. */
export interface Store {
  readonly topics: Topics
  readonly log: Log
  readonly delays: Delays
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
}

/** A message with a delay level waits in the schedule topic, its real place in its properties; all others go straight. */
export const placeMessage = ({ delays }: Pick<Store, 'delays'>, message: NewMessage): Placement => {
  const level = Math.min(wantedLevel(message), delays.levels)
  const { preparedTransactionOffset = Long.ZERO } = message
  if (level <= 0) {
    return { draft: { ...draftOf(message, message.topic, message.queueId), preparedTransactionOffset }, level: 0 }
  }
  const properties: Record<string, string> = {
    ...message.properties,
    [PROPERTY.DELAY]: String(level),
    [PROPERTY.REAL_TOPIC]: message.topic,
    [PROPERTY.REAL_QUEUE_ID]: String(message.queueId),
  }
  const draft = { ...draftOf({ ...message, properties }, SCHEDULE_TOPIC, level - 1), preparedTransactionOffset }
  return { draft, level }
}

export const storePlaced = ({ log, delays, holds }: Store, { draft, level }: Placement): LogRecord => {
  const record = log.append(draft)
  if (level > 0) delays.add(record, level)
  else holds.arrived(log.queue(record.topic, record.queueId))
  return record
}

/** A delayed message comes due: a new record in its real queue, with the delay still in its properties. */
export const deliverDelayed = (store: Store, waiting: LogRecord): void => {
  const message = readStoredMessages(waiting.bytes).messages[0]
  const topic = message?.properties[PROPERTY.REAL_TOPIC]
  // A topic that is gone takes its delayed messages along.
  if (message === undefined || topic === undefined || store.topics.get(topic) === undefined) return
  const queueId = Number(message.properties[PROPERTY.REAL_QUEUE_ID])
  storePlaced(store, { draft: draftOf(message, topic, queueId), level: 0 })
}

const draftOf = (message: Content, topic: string, queueId: number): Draft => ({
  topic,
  queueId,
  flag: message.flag,
  sysFlag: message.sysFlag,
  bornTimestamp: message.bornTimestamp,
  bornHost: message.bornHost,
  reconsumeTimes: message.reconsumeTimes,
  storedBody: message.storedBody,
  propertiesText: writeProperties(message.properties),
  tagCode: tagCode(message.properties[PROPERTY.TAGS]),
})

const wantedLevel = ({ topic, properties, sysFlag }: NewMessage): number => {
  const text = properties[PROPERTY.DELAY]
  if (text === undefined || topic === HALF_TOPIC) return 0 // a half message is delayed from its commit on
  if (!/^[+-]?\d{1,10}$/.test(text)) throw illegal(`delay level "${text.slice(0, 32)}" is not a number`)
  const transaction = transactionOf(sysFlag)
  return transaction === 'none' || transaction === 'commit' ? Number(text) : 0
}
