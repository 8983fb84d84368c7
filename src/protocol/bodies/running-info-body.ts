import Long from 'long'
import { jsonOfSubscription, subscriptionOf } from './heartbeat-body.ts'
import {
  boolAt,
  intAt,
  longAt,
  numberAt,
  optionalShapeAt,
  optionalTextAt,
  shapeOfBody,
  shapesAt,
  shapesByName,
  textsByName,
} from '../json-shapes.ts'
import type { Shape } from '../json-shapes.ts'
import { jsonOfQueueTable, queueTableAt } from './queue-json.ts'
import type { MessageQueue } from './routes.ts'
import type { SubscriptionData } from '../subscription.ts'

/** What a member of a group tells of itself (answer to code 307). */
export interface RunningInfo {
  /** Its settings, and what tools look for: `PROP_CONSUME_TYPE`, `PROP_CONSUMER_START_TIMESTAMP`, ... */
  readonly properties: Readonly<Record<string, string>>
  readonly subscriptions: readonly SubscriptionData[]
  readonly queues: readonly RunningQueue[]
  readonly topics: ReadonlyMap<string, TopicRates>
  /** What its threads do, where it has any and was asked for it. */
  readonly jstack?: string | undefined
}

/** A queue that a member holds. */
export interface RunningQueue {
  readonly queue: MessageQueue
  /** Where the group would go on if the member were gone. */
  readonly commitOffset: Long
  /** The messages in hand: the oldest and the newest, how many, and how large. */
  readonly cachedMsgMinOffset: Long
  readonly cachedMsgMaxOffset: Long
  readonly cachedMsgCount: number
  readonly cachedMsgSizeInMiB: number
  /** Whether the broker gives the queue to nobody else: in order only. */
  readonly locked: boolean
  readonly tryUnlockTimes: number
  /** Whether it is being given up. */
  readonly dropped: boolean
  /** ms since the epoch; 0 for never. */
  readonly lastLockTimestamp: number
  readonly lastPullTimestamp: number
  readonly lastConsumeTimestamp: number
}

/** How fast a member is. */
export interface TopicRates {
  /** How long a pull takes, ms. */
  readonly pullRT: number
  /** Messages pulled per second. */
  readonly pullTPS: number
  /** How long a message takes in the handler, ms. */
  readonly consumeRT: number
  /** Messages per second. */
  readonly consumeOKTPS: number
  readonly consumeFailedTPS: number
  /** Messages that failed in the last hour. */
  readonly consumeFailedMsgs: Long
}

export const encodeRunningInfo = (info: RunningInfo): Buffer => {
  const { properties, subscriptions, queues, topics, jstack } = info
  const rates = [...topics].map(([topic, one]) => `${JSON.stringify(topic)}:${jsonOfRates(one)}`)
  return Buffer.from(
    `{${jstack === undefined ? '' : `"jstack":${JSON.stringify(jstack)},`}"mqPopTable":{},` +
      `"mqTable":${jsonOfQueueTable(queues.map(one => [one.queue, jsonOfRunning(one)]))},` +
      `"properties":${JSON.stringify(properties)},"statusTable":{${rates.join(',')}},` +
      `"subscriptionSet":[${subscriptions.map(jsonOfSubscription).join(',')}],"userConsumerInfo":{}}`,
  )
}

/** The offsets are put in as text: JSON.stringify cannot write a number of 64 bits. Tools want the misspelt `droped`. */
const jsonOfRunning = (running: RunningQueue): string => {
  const { cachedMsgCount, cachedMsgSizeInMiB, locked, tryUnlockTimes, dropped } = running
  const { lastLockTimestamp, lastPullTimestamp, lastConsumeTimestamp } = running
  const times = { lastLockTimestamp, lastPullTimestamp, lastConsumeTimestamp }
  const rest = {
    cachedMsgCount,
    cachedMsgSizeInMiB,
    locked,
    tryUnlockTimes,
    droped: dropped,
    ...times,
    ...IN_ORDER_ONLY,
  }
  return (
    `{"commitOffset":${running.commitOffset.toString()},"cachedMsgMinOffset":${running.cachedMsgMinOffset.toString()},` +
    `"cachedMsgMaxOffset":${running.cachedMsgMaxOffset.toString()},${JSON.stringify(rest).slice(1)}`
  )
}

/** Messages that Java has in a handler where it consumes in order; this client does not keep them apart. */
const IN_ORDER_ONLY = { transactionMsgCount: 0, transactionMsgMaxOffset: 0, transactionMsgMinOffset: 0 }

const jsonOfRates = ({ consumeFailedMsgs, ...rates }: TopicRates): string =>
  `{"consumeFailedMsgs":${consumeFailedMsgs.toString()},${JSON.stringify(rates).slice(1)}`

/** Reads what Java, Go and this client write. */
export const decodeRunningInfo = (body: Buffer): RunningInfo => {
  const info = shapeOfBody(body, 'running info')
  const jstack = optionalTextAt(info, 'jstack')
  return {
    properties: Object.fromEntries(textsByName(info, 'properties')),
    subscriptions: shapesAt(info, 'subscriptionSet').map(subscriptionOf),
    queues: queueTableAt(info, 'mqTable').map(([queue, pair]) =>
      runningOf(queue, optionalShapeAt(pair, 'value') ?? pair),
    ),
    topics: new Map(shapesByName(info, 'statusTable').map(([topic, rates]) => [topic, ratesOf(rates)])),
    ...(jstack === undefined ? {} : { jstack }),
  }
}

const runningOf = (queue: MessageQueue, running: Shape): RunningQueue => ({
  queue,
  commitOffset: longAt(running, 'commitOffset'),
  cachedMsgMinOffset: longAt(running, 'cachedMsgMinOffset', Long.ZERO),
  cachedMsgMaxOffset: longAt(running, 'cachedMsgMaxOffset', Long.ZERO),
  cachedMsgCount: intAt(running, 'cachedMsgCount', 0),
  cachedMsgSizeInMiB: intAt(running, 'cachedMsgSizeInMiB', 0),
  locked: boolAt(running, 'locked', false),
  tryUnlockTimes: intAt(running, 'tryUnlockTimes', 0),
  dropped: boolAt(running, 'droped', boolAt(running, 'dropped', false)),
  lastLockTimestamp: intAt(running, 'lastLockTimestamp', 0),
  lastPullTimestamp: intAt(running, 'lastPullTimestamp', 0),
  lastConsumeTimestamp: intAt(running, 'lastConsumeTimestamp', 0),
})

const ratesOf = (rates: Shape): TopicRates => ({
  pullRT: numberAt(rates, 'pullRT', 0),
  pullTPS: numberAt(rates, 'pullTPS', 0),
  consumeRT: numberAt(rates, 'consumeRT', 0),
  consumeOKTPS: numberAt(rates, 'consumeOKTPS', 0),
  consumeFailedTPS: numberAt(rates, 'consumeFailedTPS', 0),
  consumeFailedMsgs: longAt(rates, 'consumeFailedMsgs', Long.ZERO),
})
