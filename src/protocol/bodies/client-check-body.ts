import { jsonOfSubscription, subscriptionOf } from './heartbeat-body.ts'
import { optionalShapeAt, shapeOfBody, textAt } from '../json-shapes.ts'
import type { SubscriptionData } from '../subscription.ts'

/** What a consumer has checked before it starts when it filters by more than tags (code 46). */
export interface ClientCheck {
  readonly clientId: string
  readonly consumerGroup: string
  readonly subscription: SubscriptionData | undefined
}

export const encodeClientCheck = ({ clientId, consumerGroup, subscription }: ClientCheck): Buffer => {
  const rest = subscription === undefined ? '' : `,"subscriptionData":${jsonOfSubscription(subscription)}`
  return Buffer.from(`${JSON.stringify({ clientId, group: consumerGroup, namespace: '' }).slice(0, -1)}${rest}}`)
}

export const decodeClientCheck = (body: Buffer): ClientCheck => {
  const check = shapeOfBody(body, 'client check')
  const subscription = optionalShapeAt(check, 'subscriptionData')
  return {
    clientId: textAt(check, 'clientId'),
    consumerGroup: textAt(check, 'group'),
    subscription: subscription && subscriptionOf(subscription),
  }
}
