import Long from 'long'
import { encodeStoredMessage } from '../protocol/messages/encode-stored-message.ts'
import { encodeOffsetId } from '../protocol/messages/message-id.ts'
import { HALF_TOPIC, UNDECIDED_TOPIC } from '../protocol/names.ts'
import { PROPERTY } from '../protocol/messages/properties.ts'
import { REQUESTS } from '../protocol/requests/requests.ts'
import { readStoredMessages, type StoredMessage } from '../protocol/messages/stored-message.ts'
import { withTransaction } from '../protocol/sys-flags.ts'
import type { Connection } from './connection.ts'
import type { Log } from './log.ts'
import type { TransactionTimes } from './options.ts'
import type { LogRecord } from './queue.ts'
import { type NewMessage, placeMessage, type Store, storePlaced } from './storing.ts'
import type { Alarm, Timers } from './timers.ts'
import { READ_WRITE } from './topics.ts'

/** What of a broker takes part in transactions. */
interface TransactionContext extends Store {
  readonly name: string
  readonly timers: Timers
  readonly members: { producers(group: string): readonly Connection[] }
}

/** A half message that the broker knows of. Storing it again for a check moves it: it goes by all its offsets. */
interface Half {
  readonly record: LogRecord
  readonly message: StoredMessage
}

/** The half messages of one broker, and what became of them. They are part of its store: a restart keeps them. */
export interface Transactions {
  /** A half message was stored. */
  begin(record: LogRecord): void
  /** The half message at this physical offset, whether or not it is over. */
  at(physicalOffset: Long): Half | undefined
  /** Ends a transaction; one that is over already stays as it is. */
  end(half: Half, outcome: 'commit' | 'rollback'): void
  /** Looks through what is undecided every so often, at first and after `stop`. */
  start(): void
  stop(): void
}

interface Transaction {
  record: LogRecord
  over: boolean
}

/** A half message that is older is not asked about any more, as the official broker keeps its log. */
const TOO_OLD_MS = 72 * 3_600_000

/** Whether a send says that its message is the first half of a transaction; a retry of one is not. */
export const isHalf = ({ properties, reconsumeTimes }: NewMessage): boolean =>
  properties[PROPERTY.TRANSACTION_PREPARED]?.toLowerCase() === 'true' &&
  !(reconsumeTimes > 0 && Number(properties[PROPERTY.DELAY] ?? 0) > 0)

/** The same message where no consumer looks, its real place in its properties. */
export const toHalf = (message: NewMessage): NewMessage => ({
  ...message,
  topic: HALF_TOPIC,
  queueId: 0,
  sysFlag: withTransaction(message.sysFlag, 'none'),
  properties: {
    ...message.properties,
    ...(message.properties[PROPERTY.UNIQUE_KEY] === undefined
      ? {}
      : { [PROPERTY.TRANSACTION_ID]: message.properties[PROPERTY.UNIQUE_KEY] }),
    [PROPERTY.REAL_TOPIC]: message.topic,
    [PROPERTY.REAL_QUEUE_ID]: String(message.queueId),
  },
})

export const createTransactions = (times: TransactionTimes, context: () => TransactionContext): Transactions => {
  const byOffset = new Map<number, Transaction>()
  let alarm: Alarm | undefined
  let turn = 0

  const put = (transaction: Transaction, record: LogRecord): void => {
    transaction.record = record
    byOffset.set(record.physicalOffset, transaction)
  }

  /** The official broker checks a copy at the end of the log, so that it can note how often it asked. */
  const askAgain = (transaction: Transaction, message: StoredMessage, checkTimes: number): void => {
    const store = context()
    const again = storePlaced(
      store,
      placeMessage(store, {
        ...contentOf(message),
        topic: HALF_TOPIC,
        queueId: 0,
        reconsumeTimes: 0,
        properties: { ...message.properties, [PROPERTY.TRANSACTION_CHECK_TIMES]: String(checkTimes) },
      }),
    )
    put(transaction, again)
    const producers = store.members.producers(message.properties[PROPERTY.PRODUCER_GROUP] ?? '')
    turn += 1
    const producer = producers[turn % producers.length]
    if (producer !== undefined) ask(store, producer, again)
  }

  const giveUp = (transaction: Transaction, message: StoredMessage): void => {
    const store = context()
    transaction.over = true
    if (store.topics.get(UNDECIDED_TOPIC) === undefined) {
      store.topics.set({ name: UNDECIDED_TOPIC, readQueues: 1, writeQueues: 1, perm: READ_WRITE })
    }
    const { reconsumeTimes, properties } = message
    const given = { ...contentOf(message), topic: UNDECIDED_TOPIC, queueId: 0, reconsumeTimes, properties }
    storePlaced(store, placeMessage(store, given))
  }

  const check = (transaction: Transaction, nowMs: number): void => {
    const message = messageOf(transaction.record)
    const askedBefore = Number(message.properties[PROPERTY.TRANSACTION_CHECK_TIMES] ?? 0)
    if (askedBefore >= times.checkMax || nowMs - message.storeTimestamp > TOO_OLD_MS) giveUp(transaction, message)
    else if (nowMs - message.bornTimestamp > immunityMs(message, times.timeOutMs)) {
      askAgain(transaction, message, askedBefore + 1)
    }
  }

  const scan = (): void => {
    alarm = context().timers.after(times.checkIntervalMs, scan)
    forgetLost(byOffset, context().log)
    const nowMs = context().timers.now()
    for (const transaction of new Set(byOffset.values())) if (!transaction.over) check(transaction, nowMs)
  }

  return {
    begin: record => put({ record, over: false }, record),
    at: physicalOffset => {
      const record = byOffset.has(physicalOffset.toNumber()) ? context().log.at(physicalOffset) : undefined
      return record === undefined ? undefined : { record, message: messageOf(record) }
    },
    end: ({ record, message }, outcome) => {
      const transaction = byOffset.get(record.physicalOffset)
      if (transaction === undefined || transaction.over) return
      transaction.over = true
      if (outcome === 'commit') storePlaced(context(), placeMessage(context(), committed(message)))
    },
    start: () => {
      alarm ??= context().timers.after(times.checkIntervalMs, scan)
    },
    stop: () => {
      alarm?.cancel()
      alarm = undefined
    },
  }
}

/** How old a half message must be before it is checked. */
export const immunityMs = ({ properties }: StoredMessage, timeOutMs: number): number => {
  const seconds = properties[PROPERTY.CHECK_IMMUNITY_SECONDS]
  if (seconds === undefined || !/^\d{1,9}$/.test(seconds)) return timeOutMs
  return Math.max(timeOutMs, Number(seconds) * 1_000)
}

/** The message as consumers get it. The name of its half and all it is known by stays in its properties. */
const committed = (half: StoredMessage): NewMessage => ({
  ...contentOf(half),
  topic: half.properties[PROPERTY.REAL_TOPIC] ?? half.topic,
  queueId: Number(half.properties[PROPERTY.REAL_QUEUE_ID]),
  sysFlag: withTransaction(half.sysFlag, 'commit'),
  reconsumeTimes: half.reconsumeTimes,
  properties: half.properties,
  preparedTransactionOffset: half.physicalOffset,
})

const contentOf = ({ flag, sysFlag, bornTimestamp, bornHost, storedBody }: StoredMessage) => ({
  flag,
  sysFlag,
  bornTimestamp,
  bornHost,
  storedBody,
})

const messageOf = ({ bytes }: LogRecord): StoredMessage => readStoredMessages(bytes).messages[0] as StoredMessage // our own

/** Asks one producer: the half message as if it stood in its real place, and where it really stands. */
const ask = ({ name }: TransactionContext, producer: Connection, record: LogRecord): void => {
  const half = messageOf(record)
  const { properties, physicalOffset, queueOffset } = half
  const id = properties[PROPERTY.UNIQUE_KEY] ?? ''
  const fields = {
    topic: HALF_TOPIC,
    tranStateTableOffset: queueOffset.toString(),
    commitLogOffset: physicalOffset.toString(),
    msgId: id,
    transactionId: id,
    offsetMsgId: encodeOffsetId(half.storeHost, physicalOffset),
    bname: name,
  }
  const body = encodeStoredMessage({
    ...contentOf(half),
    queueOffset,
    physicalOffset,
    storeTimestamp: half.storeTimestamp,
    storeHost: half.storeHost,
    reconsumeTimes: half.reconsumeTimes,
    preparedTransactionOffset: Long.ZERO,
    topic: properties[PROPERTY.REAL_TOPIC] ?? half.topic,
    queueId: Number(properties[PROPERTY.REAL_QUEUE_ID]),
    propertiesText: half.propertiesText,
  })
  producer.notify(REQUESTS.CHECK_TRANSACTION_STATE.code, fields, body)
}

/** What the log has dropped cannot be ended any more. */
const forgetLost = (byOffset: Map<number, Transaction>, log: Log): void => {
  for (const offset of byOffset.keys()) {
    if (log.at(Long.fromNumber(offset)) !== undefined) return // the map is in the order of the log
    byOffset.delete(offset)
  }
}
