import Long from 'long'
import { expect } from 'vitest'
import { parseAttributes } from '../../src/protocol/frames/attributes.ts'
import { tagCode } from '../../src/protocol/hashes.ts'
import {
  addressOfEndpoint,
  checkGroup,
  checkTopic,
  deadLetterTopicOf,
  FORBIDDEN_TOPICS,
  instanceOfEndpoint,
  isDeadLetterTopic,
  isInstanceEndpoint,
  isRetryTopic,
  isSystemTopic,
  namespaceOf,
  retryTopicOf,
  withNamespace,
  withoutAnyNamespace,
  withoutNamespace,
  withoutRetryPrefix,
} from '../../src/protocol/names.ts'
import { matchesTag, matchesTagCode, sqlSubscription, tagSubscription } from '../../src/protocol/subscription.ts'
import type { SubscriptionData } from '../../src/protocol/subscription.ts'
import type { Handlers, Vector } from './golden.ts'

type Outcome<T> = { readonly value: T } | { readonly error: string }

/** Java throws various exceptions; ours is always the same. */
const checkOutcome = <T>(run: () => unknown, expected: Outcome<T>): void => {
  if ('error' in expected) expect(run).toThrow(expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL' }))
  else expect(run()).toEqual(expected.value)
}

/** Names that do not exist are the empty text here, and null in Java. */
const orEmpty = (outcome: { readonly value: string | null }): string => outcome.value ?? ''

const checkRetryAndDeadLetter = (vector: Vector): void => {
  const { input, expect: expected } = vector as Vector & { input: string; expect: { retry: string; dlq: string } }
  expect(retryTopicOf(input)).toBe(expected.retry)
  expect(deadLetterTopicOf(input)).toBe(expected.dlq)
}

const checkNamespaceOf = (vector: Vector): void => {
  const { input, expect: expected } = vector as Vector & {
    input: string | null
    expect: {
      namespace: { value: string }
      withoutNamespace: { value: string | null }
      withoutRetryAndDlq: { value: string }
      isRetry: { value: boolean }
      isDlq: { value: boolean }
    }
  }
  const name = input ?? ''
  expect(namespaceOf(name)).toBe(expected.namespace.value)
  expect(withoutAnyNamespace(name)).toBe(orEmpty(expected.withoutNamespace))
  expect(withoutRetryPrefix(name)).toBe(expected.withoutRetryAndDlq.value)
  expect(isRetryTopic(name)).toBe(expected.isRetry.value)
  expect(isDeadLetterTopic(name)).toBe(expected.isDlq.value)
}

const checkNamespace = (vector: Vector): void => {
  const { input, expect: expected } = vector as Vector & {
    input: { namespace: string | null; name: string | null }
    expect: Record<'wrapped' | 'unwrapped' | 'wrappedAndRetry', { value: string | null }>
  }
  const name = input.name ?? ''
  const namespace = input.namespace ?? undefined
  expect(withNamespace(name, namespace)).toBe(orEmpty(expected.wrapped))
  expect(withoutNamespace(name, namespace)).toBe(orEmpty(expected.unwrapped))
  // Java has no retry topic for a group without a name; ours is never asked for one
  if (name !== '') expect(retryTopicOf(withNamespace(name, namespace))).toBe(expected.wrappedAndRetry.value)
}

const checkEndpoint = (vector: Vector): void => {
  const { input, expect: expected } = vector as Vector & {
    input: string
    expect: { valid: boolean; instanceId: Outcome<string | null>; address: Outcome<string | null> }
  }
  expect(isInstanceEndpoint(input)).toBe(expected.valid)
  checkOutcome(() => instanceOfEndpoint(input) ?? null, expected.instanceId)
  checkOutcome(() => addressOfEndpoint(input) ?? null, expected.address)
}

interface NameRules {
  readonly clientCheckTopic?: 'ok' | 'rejected'
  readonly clientCheckGroup: 'ok' | 'rejected'
  readonly clientNotAllowedSend?: 'ok' | 'rejected'
  readonly clientSystemTopic?: 'ok' | 'rejected'
  readonly brokerTopicValid?: boolean
  readonly isSystemTopic?: boolean
  readonly isNotAllowedSendTopic?: boolean
}

const verdict = (check: () => void): 'ok' | 'rejected' => {
  try {
    check()
    return 'ok'
  } catch (error) {
    expect(error).toMatchObject({ code: 'ERR_RMQ_ILLEGAL' })
    return 'rejected'
  }
}

const rejectedIf = (condition: boolean): 'ok' | 'rejected' => (condition ? 'rejected' : 'ok')

const checkTopicRule = (vector: Vector): void => {
  const { input, expect: expected } = vector as Vector & { input: string; expect: NameRules }
  const topicVerdict = verdict(() => checkTopic(input))
  expect<NameRules>({
    clientCheckTopic: topicVerdict,
    clientCheckGroup: verdict(() => checkGroup(input)),
    clientNotAllowedSend: rejectedIf(FORBIDDEN_TOPICS.has(input)),
    clientSystemTopic: rejectedIf(isSystemTopic(input)),
    brokerTopicValid: topicVerdict === 'ok',
    isSystemTopic: isSystemTopic(input),
    isNotAllowedSendTopic: FORBIDDEN_TOPICS.has(input),
  }).toEqual(expected)
}

const checkGroupRule = (vector: Vector): void => {
  const { input, expect: expected } = vector as Vector & { input: string; expect: NameRules }
  expect(verdict(() => checkGroup(input))).toBe(expected.clientCheckGroup)
}

const checkAttributes = (vector: Vector): void => {
  const { input, expect: expected } = vector as Vector & { input: string; expect: Outcome<Record<string, string>> }
  checkOutcome(() => Object.fromEntries(parseAttributes(input)), expected)
}

/** Sets have no order. */
const comparable = ({ topic, subString, tagsSet, codeSet, expressionType, classFilterMode }: SubscriptionData) => ({
  topic,
  subString,
  tagsSet: [...tagsSet].sort(),
  codeSet: [...codeSet].sort((a, b) => a - b),
  expressionType,
  classFilterMode,
})

const checkSubscription = (vector: Vector): void => {
  const { input, expect: expected } = vector as Vector & {
    input: { topic: string; expression: string | null; type?: string | null }
    expect: Outcome<Omit<SubscriptionData, 'subVersion'>>
  }
  const { topic, expression, type } = input
  const subscribe = () =>
    type === 'SQL92'
      ? sqlSubscription(topic, expression ?? '', Long.ZERO)
      : tagSubscription(topic, expression ?? undefined, Long.ZERO)
  checkOutcome(() => comparable(subscribe()), expected)
}

const checkMatch = (vector: Vector): void => {
  const { input, expect: expected } = vector as Vector & {
    input: { expression: string; tag: string }
    expect: { tagsCode: string; passesBroker: boolean; keptByClient: boolean }
  }
  const subscription = tagSubscription('TopicTest', input.expression, Long.ZERO)
  expect(tagCode(input.tag)).toBe(Number(expected.tagsCode))
  expect(matchesTagCode(subscription, tagCode(input.tag))).toBe(expected.passesBroker)
  expect(matchesTag(subscription, input.tag)).toBe(expected.keptByClient)
}

export const handlers: Handlers = {
  'names/retry-and-dlq': checkRetryAndDeadLetter,
  'names/namespace-of': checkNamespaceOf,
  'names/namespace': checkNamespace,
  'names/endpoint': checkEndpoint,
  'names/topic-rule': checkTopicRule,
  'names/group-rule': checkGroupRule,
  'names/attributes': checkAttributes,
  'subscription/tag': checkSubscription,
  'subscription/typed': checkSubscription,
  'subscription/match': checkMatch,
}
