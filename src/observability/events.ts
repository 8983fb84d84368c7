import type { RocketError } from '../errors.ts'
import type { QueueRef } from '../messages/offsets.ts'

/** What a connection is used for: `control` for everything a client asks or is asked, `pull` for held pulls. */
export type ConnectionRole = 'control' | 'pull'

/** Where a connection stands. `disconnected` waits to be dialed again; `closed` is for good. */
export type ConnectionState = 'disconnected' | 'connecting' | 'connected' | 'closing' | 'closed'

/**
 * Why a member holds other queues than before. `joined`: the first ones of a membership. `rebalance`: members, routes or
 * subscriptions changed, or others were chosen. `left`: the membership has ended, and nothing is held any more.
 */
export type AssignmentReason = 'joined' | 'rebalance' | 'left'

/**
 * Everything worth telling, as one union. The library reports; logger, metrics and tests read. `at` is the time of the
 * client's scheduler in ms.
 */
export type ClientEvent = { readonly at: number } & ReportedEvent

/** What is told of an event besides its time: `type` says which one it is. */
export type ReportedEvent =
  | {
      readonly type: 'connection-state'
      readonly endpoint: string
      readonly role: ConnectionRole
      readonly state: ConnectionState
      readonly cause?: unknown
      /** How long the gate waits before it dials again, ms. */
      readonly retryInMs?: number
    }
  | { readonly type: 'late-response'; readonly endpoint: string; readonly opaque: number }
  /** A reply that nobody waits for any more: the request timed out or was unsubscribed. `count`: how many so far. */
  | {
      readonly type: 'late-reply'
      readonly endpoint: string
      readonly correlationId: string | undefined
      readonly count: number
    }
  | { readonly type: 'inbound-refused'; readonly endpoint: string; readonly code: number; readonly reason: string }
  | { readonly type: 'name-server-failed'; readonly endpoint: string; readonly error: RocketError }
  | { readonly type: 'route-refreshed'; readonly topic: string; readonly changed: boolean }
  | {
      readonly type: 'route-failed'
      readonly topic: string
      readonly error: RocketError
      readonly keptLastGood: boolean
    }
  /** A consumer subscribes to a topic that does not exist (yet): it waits. Told once. */
  | { readonly type: 'topic-missing'; readonly topic: string; readonly group: string }
  /** A broker has taken a heartbeat: it knows this client now. */
  | { readonly type: 'heartbeat-confirmed'; readonly endpoint: string }
  | { readonly type: 'heartbeat-failed'; readonly endpoint: string; readonly error: RocketError }
  /** A broker's state changed; `error`: by this failure. */
  | {
      readonly type: 'broker-health'
      readonly brokerName: string
      readonly from: string
      readonly to: string
      readonly error?: RocketError
    }
  /** A broker was slow, or failed, and others are preferred for a while. */
  | {
      readonly type: 'broker-avoided'
      readonly brokerName: string
      readonly forMs: number
      readonly latencyMs: number
      readonly reachable: boolean
    }
  /** What the given coordinator threw, told in its `failures$`, or ended with. */
  | { readonly type: 'coordinator-failed'; readonly error: unknown }
  /** The stream of strategies gave what is none, or failed: the last good one stays. */
  | { readonly type: 'select-failed'; readonly group: string; readonly error: unknown }
  | { readonly type: 'send-retried'; readonly topic: string; readonly messageId: string; readonly error: RocketError }
  | {
      readonly type: 'send-abandoned'
      readonly topic: string
      readonly messageId: string
      readonly outcome: 'stored' | 'failed'
      readonly error?: RocketError
    }
  | {
      readonly type: 'send-not-replicated'
      readonly topic: string
      readonly messageId: string
      readonly status: string
      readonly brokerName: string
    }
  /** Something of a transaction went wrong without ending anything: the brokers will ask (again) what became of it. */
  | {
      readonly type: 'transaction-failure'
      readonly group: string
      readonly transactionId: string
      readonly where: 'end' | 'expired' | 'check' | 'check-dropped' | 'checks-exhausted'
      readonly error: unknown
    }
  /** A message that could not be sent could not be put into the topic for those either: its outcome says so. */
  | { readonly type: 'dead-letter-failed'; readonly topic: string; readonly error: RocketError }
  /** Records of the message trace that were dropped or could not be sent; the sends they tell of are not affected. */
  | { readonly type: 'trace-failed'; readonly topic: string; readonly records: number; readonly error: RocketError }
  | { readonly type: 'input-dropped'; readonly policy: 'drop-newest' | 'drop-oldest' }
  /**
   * Other members of the group subscribe to something else, or consume in another way: brokers go by the latest heartbeat,
   * so that members take each other's messages away, and some are lost. Each conflict is a sentence.
   */
  | { readonly type: 'subscription-conflict'; readonly group: string; readonly conflicts: readonly string[] }
  | {
      readonly type: 'assignment-changed'
      readonly group: string
      readonly added: number
      readonly removed: number
      readonly current: number
      readonly reason: AssignmentReason
    }
  | {
      readonly type: 'start-position'
      readonly group: string
      readonly queue: QueueRef
      readonly offset: string
      readonly reason: string
    }
  | {
      readonly type: 'offset-corrected'
      readonly group: string
      readonly queue: QueueRef
      readonly from: string
      readonly to: string
    }
  | {
      readonly type: 'consumer-failure'
      readonly group: string
      readonly where:
        | 'rebalance'
        | 'start-position'
        | 'pull'
        | 'decode'
        | 'handler'
        | 'send-back'
        | 'ack'
        | 'commit'
        | 'offsets'
        | 'stall'
        | 'lock'
        | 'concurrency'
        | 'leave'
      readonly error: unknown
      readonly queue?: QueueRef
      readonly offset?: string
    }

/** Reports an event. Never throws, never blocks: listeners run outside of the state transition that reports. */
export type Report = (event: ReportedEvent) => void

export const SILENT: Report = () => undefined
