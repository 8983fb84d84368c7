import { decodeFailed } from '../../errors.ts'
import { boolAt, intAt, intsAt, optionalShapeAt, shapeOfBody, textAt, textsAt, textsByName } from '../json-shapes.ts'
import type { Shape } from '../json-shapes.ts'

/** How long a message waits before it is delivered again. */
export type RetryPolicy =
  | {
      readonly type: 'CUSTOMIZED'
      /** Waiting times in ms, one per try. Default: the broker's own. */
      readonly next?: readonly number[]
    }
  | {
      readonly type: 'EXPONENTIAL'
      /** First waiting time in ms. */
      readonly initial: number
      /** Longest waiting time in ms. */
      readonly max: number
      readonly multiplier: number
    }

/** What a broker keeps about a consumer group (`SubscriptionGroupConfig`, code 200). */
export interface GroupConfig {
  readonly groupName: string
  readonly consumeEnable: boolean
  readonly consumeFromMinEnable: boolean
  readonly consumeBroadcastEnable: boolean
  readonly consumeMessageOrderly: boolean
  readonly retryQueueNums: number
  /** How often a message is delivered again before it is given up. */
  readonly retryMaxTimes: number
  readonly groupRetryPolicy: RetryPolicy
  readonly brokerId: number
  readonly whichBrokerWhenConsumeSlowly: number
  readonly notifyConsumerIdsChangedEnable: boolean
  readonly groupSysFlag: number
  readonly consumeTimeoutMinute: number
  /** Keys have a `+` before them to be set and a `-` to be removed. */
  readonly attributes: ReadonlyMap<string, string>
}

/** What members that are left out mean, by the constructor of the official class. */
export const GROUP_DEFAULTS: Omit<GroupConfig, 'groupName'> = {
  consumeEnable: true,
  consumeFromMinEnable: true,
  consumeBroadcastEnable: true,
  consumeMessageOrderly: false,
  retryQueueNums: 1,
  retryMaxTimes: 16,
  groupRetryPolicy: { type: 'CUSTOMIZED' },
  brokerId: 0,
  whichBrokerWhenConsumeSlowly: 1,
  notifyConsumerIdsChangedEnable: true,
  groupSysFlag: 0,
  consumeTimeoutMinute: 15,
  attributes: new Map(),
}

/** `ExponentialRetryPolicy` of the official implementation without arguments. */
const EXPONENTIAL_DEFAULTS = { initial: 5000, max: 7_200_000, multiplier: 2 }

/** Members left out take the defaults. */
export const encodeGroupConfig = (config: Partial<GroupConfig> & Pick<GroupConfig, 'groupName'>): Buffer => {
  const whole: GroupConfig = { ...GROUP_DEFAULTS, ...config }
  return Buffer.from(
    JSON.stringify({
      ...whole,
      groupRetryPolicy: jsonOfPolicy(whole.groupRetryPolicy),
      attributes: Object.fromEntries(whole.attributes),
    }),
  )
}

const jsonOfPolicy = (policy: RetryPolicy): object => {
  if (policy.type === 'EXPONENTIAL') {
    const { type, ...exponentialRetryPolicy } = policy
    return { type, exponentialRetryPolicy }
  }
  return policy.next === undefined ? policy : { type: policy.type, customizedRetryPolicy: { next: policy.next } }
}

/** Reads all but `subscriptionDataSet`, which says nothing about delivery. */
export const decodeGroupConfig = (body: Buffer): GroupConfig => {
  const config = shapeOfBody(body, 'group config')
  const bool = (name: keyof GroupConfig & BoolName): boolean => boolAt(config, name, GROUP_DEFAULTS[name])
  const int = (name: keyof GroupConfig & IntName): number => intAt(config, name, GROUP_DEFAULTS[name])
  return {
    groupName: textAt(config, 'groupName'),
    consumeEnable: bool('consumeEnable'),
    consumeFromMinEnable: bool('consumeFromMinEnable'),
    consumeBroadcastEnable: bool('consumeBroadcastEnable'),
    consumeMessageOrderly: bool('consumeMessageOrderly'),
    retryQueueNums: int('retryQueueNums'),
    retryMaxTimes: int('retryMaxTimes'),
    groupRetryPolicy: policyOf(optionalShapeAt(config, 'groupRetryPolicy')),
    brokerId: int('brokerId'),
    whichBrokerWhenConsumeSlowly: int('whichBrokerWhenConsumeSlowly'),
    notifyConsumerIdsChangedEnable: bool('notifyConsumerIdsChangedEnable'),
    groupSysFlag: int('groupSysFlag'),
    consumeTimeoutMinute: int('consumeTimeoutMinute'),
    attributes: new Map(textsByName(config, 'attributes')),
  }
}

type NameOf<T> = {
  [K in keyof typeof GROUP_DEFAULTS]: (typeof GROUP_DEFAULTS)[K] extends T ? K : never
}[keyof typeof GROUP_DEFAULTS]
type BoolName = NameOf<boolean>
type IntName = NameOf<number>

const policyOf = (policy: Shape | undefined): RetryPolicy => {
  if (policy === undefined) return GROUP_DEFAULTS.groupRetryPolicy
  const type = textAt(policy, 'type', 'CUSTOMIZED')
  if (type === 'CUSTOMIZED') {
    const customized = optionalShapeAt(policy, 'customizedRetryPolicy')
    return customized === undefined ? { type } : { type, next: intsAt(customized, 'next') }
  }
  if (type !== 'EXPONENTIAL') throw decodeFailed(`${policy.path}.type: expected CUSTOMIZED or EXPONENTIAL`)
  const exponential = optionalShapeAt(policy, 'exponentialRetryPolicy')
  if (exponential === undefined) return { type, ...EXPONENTIAL_DEFAULTS }
  return {
    type,
    initial: intAt(exponential, 'initial', EXPONENTIAL_DEFAULTS.initial),
    max: intAt(exponential, 'max', EXPONENTIAL_DEFAULTS.max),
    multiplier: intAt(exponential, 'multiplier', EXPONENTIAL_DEFAULTS.multiplier),
  }
}

/** Client ids of a consumer group's members (answer to code 38). */
export const encodeConsumerIds = (ids: readonly string[]): Buffer =>
  Buffer.from(JSON.stringify({ consumerIdList: ids }))

/** An answer without the list means that the group has no members. */
export const decodeConsumerIds = (body: Buffer): readonly string[] =>
  textsAt(shapeOfBody(body, 'consumer ids'), 'consumerIdList')
