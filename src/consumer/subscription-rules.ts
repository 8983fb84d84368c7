import { kindOf } from '../client/check-kinds.ts'
import { illegal } from '../errors.ts'
import type { SubscriptionSpec } from '../messages/topic.ts'
import { checkTopic, TEMPLATE_TOPIC } from '../protocol/names.ts'

const KNOWN: ReadonlySet<string> = new Set(['topic', 'tags', 'sql'])
export const MOST_SUBSCRIPTIONS = 1_000

export const checkCount = (count: number): void => {
  if (count <= MOST_SUBSCRIPTIONS) return
  throw illegal(`a consumer has at most ${MOST_SUBSCRIPTIONS} subscriptions, not ${count}`)
}

/** Nobody sends to these: one is the model of others, and the other a name for it. */
const NO_TOPICS: ReadonlySet<string> = new Set([TEMPLATE_TOPIC, 'DEFAULT_TOPIC'])

/** Throws ERR_RMQ_ILLEGAL for a subscription that no broker could serve. What an expression says, brokers check. */
export const checkSubscription = (spec: SubscriptionSpec): void => {
  const given: unknown = spec.topic // from JavaScript it may be anything
  if (Object(given) !== given) throw illegal(`subscribe: on() was given ${kindOf(given)}: expected topic(name, codec)`)
  const topic = spec.topic.name
  const { name, codec } = spec.topic as { readonly name: unknown; readonly codec?: { readonly decode?: unknown } }
  if (typeof name !== 'string' || typeof codec?.decode !== 'function') {
    throw illegal('subscribe: on() was given something without name or codec: expected topic(name, codec)')
  }
  checkTopic(topic)
  if (NO_TOPICS.has(topic) || topic.startsWith('SYS_')) {
    throw wrong(topic, `topic "${topic}" cannot be subscribed to: it is kept for the system`)
  }
  const { tags, sql } = spec as { readonly tags: unknown; readonly sql?: unknown } // from JavaScript they may be anything
  const foreign = Object.keys(spec).find(name => !KNOWN.has(name))
  if (foreign !== undefined) throw wrong(topic, `${foreign} is not an option of a subscription: ${adviceOn(foreign)}`)
  if (typeof tags !== 'string')
    throw wrong(topic, `the tags of topic "${topic}" are ${kindOf(tags)}: expected a text, "a || b"`)
  if (sql !== undefined) return checkSql(topic, tags, sql)
  if (tags !== '' && tags.split('||').every(tag => tag.trim() === '')) {
    throw wrong(topic, `the tags of topic "${topic}" are "${tags.slice(0, 80)}": that names no tag`)
  }
}

const checkSql = (topic: string, tags: string, sql: unknown): void => {
  if (tags !== '*') {
    throw wrong(topic, `topic "${topic}" is filtered by tags and by sql: choose one, sql can ask for TAGS = 'x'`)
  }
  if (typeof sql !== 'string') throw wrong(topic, `the sql of topic "${topic}" is ${kindOf(sql)}: expected a text`)
  if (sql.trim() === '') throw wrong(topic, `the sql of topic "${topic}" is empty: leave it out for every message`)
}

const adviceOn = (name: string): string =>
  /class/i.test(name)
    ? 'filter classes ran on filter servers, which RocketMQ does not have any more; use sql'
    : 'there are tags and sql'

const wrong = (topic: string, message: string) => illegal(message, { topic })
