import Long from 'long'
import { boolAt, intsAt, longAt, oneOfAt, shapeOfBody, shapesAt, textAt, textsAt } from '../json-shapes.ts'
import type { Shape } from '../json-shapes.ts'
import type { SubscriptionData } from '../subscription.ts'

/** Who lives at the other end of a connection (code 34). */
export interface HeartbeatData {
  readonly clientId: string
  readonly producerGroups: readonly string[]
  readonly consumers: readonly ConsumerData[]
}

export const CONSUME_TYPES = ['CONSUME_PASSIVELY', 'CONSUME_ACTIVELY', 'CONSUME_POP'] as const
export const MESSAGE_MODELS = ['CLUSTERING', 'BROADCASTING'] as const

/** One consumer group of a client. */
export interface ConsumerData {
  readonly groupName: string
  /** PASSIVELY is a push consumer, ACTIVELY one that pulls. */
  readonly consumeType: (typeof CONSUME_TYPES)[number]
  readonly messageModel: (typeof MESSAGE_MODELS)[number]
  /** `CONSUME_FROM_LAST_OFFSET`, `CONSUME_FROM_FIRST_OFFSET` or `CONSUME_FROM_TIMESTAMP`. */
  readonly consumeFromWhere: string
  readonly subscriptions: readonly SubscriptionData[]
}

/** A heartbeat of the first version, whose fingerprint is 0: brokers take the whole of it each time. */
export const encodeHeartbeat = ({ clientId, producerGroups, consumers }: HeartbeatData): Buffer => {
  const producerDataSet = JSON.stringify(producerGroups.map(groupName => ({ groupName })))
  const consumerDataSet = `[${consumers.map(jsonOfConsumer).join(',')}]`
  return Buffer.from(
    `{"clientID":${JSON.stringify(clientId)},"consumerDataSet":${consumerDataSet},"heartbeatFingerprint":0,` +
      `"producerDataSet":${producerDataSet},"withoutSub":false}`,
  )
}

const jsonOfConsumer = ({ subscriptions, ...consumer }: ConsumerData): string => {
  const members = JSON.stringify({ ...consumer, unitMode: false })
  return `${members.slice(0, -1)},"subscriptionDataSet":[${subscriptions.map(jsonOfSubscription).join(',')}]}`
}

/** The version is put in as text: JSON.stringify cannot write a number of 64 bits. */
export const jsonOfSubscription = ({ subVersion, ...subscription }: SubscriptionData): string =>
  `${JSON.stringify(subscription).slice(0, -1)},"subVersion":${subVersion.toString()}}`

/** Reads heartbeats of both versions; the members of the second one say nothing that is not in the first. */
export const decodeHeartbeat = (body: Buffer): HeartbeatData => {
  const heartbeat = shapeOfBody(body, 'heartbeat')
  return {
    clientId: textAt(heartbeat, 'clientID'),
    producerGroups: shapesAt(heartbeat, 'producerDataSet').map(producer => textAt(producer, 'groupName')),
    consumers: shapesAt(heartbeat, 'consumerDataSet').map(consumerOf),
  }
}

const consumerOf = (consumer: Shape): ConsumerData => ({
  groupName: textAt(consumer, 'groupName'),
  consumeType: oneOfAt(consumer, 'consumeType', CONSUME_TYPES),
  messageModel: oneOfAt(consumer, 'messageModel', MESSAGE_MODELS),
  consumeFromWhere: textAt(consumer, 'consumeFromWhere'),
  subscriptions: shapesAt(consumer, 'subscriptionDataSet').map(subscriptionOf),
})

export const subscriptionOf = (subscription: Shape): SubscriptionData => ({
  topic: textAt(subscription, 'topic'),
  subString: textAt(subscription, 'subString'),
  tagsSet: textsAt(subscription, 'tagsSet'),
  // the Go client writes these numbers as text
  codeSet: intsAt(subscription, 'codeSet'),
  subVersion: longAt(subscription, 'subVersion', Long.ZERO),
  expressionType: textAt(subscription, 'expressionType', 'TAG'),
  classFilterMode: boolAt(subscription, 'classFilterMode', false),
})
