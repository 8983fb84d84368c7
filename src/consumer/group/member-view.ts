import type Long from 'long'
import type { Observable } from 'rxjs'
import type { ConsumeResult, ConsumerData, QueueOffset } from '../../protocol/bodies/bodies.ts'
import type { MessageQueue } from '../../protocol/bodies/routes.ts'
import type { StoredMessage } from '../../protocol/messages/stored-message.ts'
import type { SubscriptionData } from '../../protocol/subscription.ts'

/** A member of a group, as tools may see it and what they may make it do. Topics and groups are as users know them. */
export interface MemberView {
  readonly group: string
  readonly consumeType: ConsumerData['consumeType']
  /** Whether it consumes in order. */
  readonly orderly: boolean
  /** How many messages are handled at once, at most. */
  readonly concurrency: number
  /** ms since the epoch. */
  readonly startedAt: number
  nameServers(): readonly string[]
  /** Its options by name. */
  settings(): Readonly<Record<string, string>>
  /** Those of its heartbeats: the retry topic is among them. */
  subscriptions(): readonly SubscriptionData[]
  queues(): readonly QueueView[]
  status(topic: string): TopicStatus
  /** Goes on elsewhere in those of these queues (by their keys) that it holds. */
  reset(offsets: ReadonlyMap<string, QueueOffset>): void
  /**
   * Gives a message to the handler, outside of all queues, offsets and limits. The message is as the broker stored it, its
   * topic as the broker knows it. One value; none counts as a handler that returned nothing, an error as one that threw.
   */
  consumeDirectly$(stored: StoredMessage): Observable<DirectResult>
}

/** A queue that a member holds. */
export interface QueueView {
  readonly queue: MessageQueue
  /** Everything below is settled. */
  readonly commitPoint: Long
  readonly nextOffset: Long
  /** Of what is delivered and not settled. */
  readonly oldest?: Long | undefined
  readonly newest?: Long | undefined
  readonly unsettled: number
  readonly unsettledBytes: number
  readonly locked: boolean
  /** Whether it is being given up. */
  readonly dropped: boolean
  /** ms since the epoch; 0 for never. */
  readonly lastLockAt?: number | undefined
  readonly lastPullAt: number
  readonly lastConsumeAt: number
}

/** How a topic is consumed: times in ms, rates in messages per second, failures of the last hour. */
export interface TopicStatus {
  readonly pullRT: number
  readonly pullTPS: number
  readonly consumeRT: number
  readonly consumeOKTPS: number
  readonly consumeFailedTPS: number
  readonly consumeFailedMsgs: number
}

/** What a handler made of a message that it was given directly. */
export interface DirectResult {
  readonly result: ConsumeResult
  /** Why it failed. */
  readonly remark?: string | undefined
}
