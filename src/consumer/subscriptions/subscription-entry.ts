import type { SubscriptionSpec } from '../../messages/topic.ts'

/** One topic that is subscribed to, or was until it was deactivated. Times are epoch ms. */
export interface SubscriptionEntry {
  readonly spec: SubscriptionSpec
  /** Whether brokers are told of it: one that is not active is only remembered. */
  readonly isActive: boolean
  readonly addedAt: number
  readonly changedAt: number
}
