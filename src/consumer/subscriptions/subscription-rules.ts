import { isListOf, kindOf } from '../../client/check-kinds.ts'
import { noted } from '../../client/problems.ts'
import { illegal, isRocketError } from '../../errors.ts'
import type { SubscriptionSpec } from '../../messages/topic.ts'
import { checkTopic, TEMPLATE_TOPIC } from '../../protocol/names.ts'

const KNOWN: ReadonlySet<string> = new Set(['topic', 'tags', 'sql'])
export const MOST_SUBSCRIPTIONS = 1_000

export const checkCount = (count: number): void => {
  if (count <= MOST_SUBSCRIPTIONS) return
  throw illegal(`a consumer has at most ${MOST_SUBSCRIPTIONS} subscriptions, not ${count}`)
}

/** Nobody sends to these: one is the model of others, and the other a name for it. */
const NO_TOPICS: ReadonlySet<string> = new Set([TEMPLATE_TOPIC, 'DEFAULT_TOPIC'])

/** From JavaScript all of it may be anything. */
interface Given {
  readonly topic: unknown
  readonly tags: unknown
  readonly sql?: unknown
}

/** Throws ERR_RMQ_ILLEGAL, which tells all that is wrong, for a subscription that no broker could serve. */
export const checkSubscription = (spec: SubscriptionSpec): void => refuse(spec, problemsOfName)

/** The same of everything but the name of the topic, which is written elsewhere. */
export const checkFilter = (spec: Given): void => refuse(spec, () => [])

const refuse = (spec: Given, ofName: (name: string) => readonly string[]): void => {
  const problems = problemsOf(spec, ofName)
  if (problems.length === 0) return
  const { name } = Object(spec.topic) as { readonly name?: unknown }
  const about = typeof name === 'string' ? { topic: name } : {}
  const [first = ''] = problems
  const all = `${problems.length} things are wrong with a subscription: ${problems.join('; ')}`
  throw illegal(problems.length === 1 ? first : all, { ...about, problems })
}

/** What an expression says, brokers check. */
const problemsOf = (spec: Given, ofName: (name: string) => readonly string[]): readonly string[] => {
  const { topic, tags, sql } = spec
  if (Object(topic) !== topic) return [`subscribe: on() was given ${kindOf(topic)}: expected topic(name, codec)`]
  const { name, codec } = topic as { readonly name: unknown; readonly codec?: { readonly decode?: unknown } }
  if (typeof name !== 'string' || typeof codec?.decode !== 'function') {
    return ['subscribe: on() was given something without name or codec: expected topic(name, codec)']
  }
  const foreign = Object.keys(spec).filter(key => !KNOWN.has(key))
  return [
    ...ofName(name),
    ...foreign.map(key => `${key} is not an option of a subscription: ${adviceOn(key)}`),
    ...problemsOfTags(name, tags),
    ...(sql === undefined ? [] : problemsOfSql(name, tags, sql)),
  ]
}

const problemsOfName = (topic: string): readonly string[] => {
  try {
    checkTopic(topic)
  } catch (cause) {
    if (!isRocketError(cause)) throw cause
    return [cause.message]
  }
  const isOfSystem = NO_TOPICS.has(topic) || topic.startsWith('SYS_')
  return isOfSystem ? [`topic "${topic}" cannot be subscribed to: it is kept for the system`] : []
}

const problemsOfTags = (topic: string, tags: unknown): readonly string[] => {
  if (typeof tags !== 'string') return [`the tags of topic "${topic}" are ${kindOf(tags)}: expected a text, "a || b"`]
  if (tags === '' || tags.split('||').some(tag => tag.trim() !== '')) return []
  return [`the tags of topic "${topic}" are "${tags.slice(0, 80)}": that names no tag`]
}

const problemsOfSql = (topic: string, tags: unknown, sql: unknown): readonly string[] => {
  const isText = typeof sql === 'string'
  return [
    ...(tags === '*'
      ? []
      : [`topic "${topic}" is filtered by tags and by sql: choose one, sql can ask for TAGS = 'x'`]),
    ...(isText ? [] : [`the sql of topic "${topic}" is ${kindOf(sql)}: expected a text`]),
    ...(isText && sql.trim() === '' ? [`the sql of topic "${topic}" is empty: leave it out for every message`] : []),
  ]
}

const adviceOn = (name: string): string =>
  /class/i.test(name)
    ? 'filter classes ran on filter servers, which RocketMQ does not have any more; use sql'
    : 'there are tags and sql'

interface Subscribing {
  readonly group: string
  readonly subscribe: readonly SubscriptionSpec[]
}
const isObject = (value: unknown): boolean => Object(value) === value

/** What `on()` makes, whose parts are looked at one by one. */
export const isSubscription = (spec: unknown): spec is SubscriptionSpec => {
  const { name, codec } = Object((Object(spec) as Partial<SubscriptionSpec>).topic) as Partial<
    SubscriptionSpec['topic']
  >
  return typeof name === 'string' && typeof codec?.decode === 'function'
}

/** What a consumer is told to subscribe to, all that is wrong with it. */
export const checkSubscriptions = ({ group, subscribe }: Subscribing): void => {
  if (!isListOf(subscribe, isObject)) {
    throw illegal(`subscribe is ${kindOf(subscribe)}: expected a list of on(topic, { tags })`)
  }
  if (subscribe.length === 0) throw illegal(`consumer of group "${group}" subscribes to nothing`)
  for (const spec of subscribe) noted(() => checkSubscription(spec))
  const names = subscribe.filter(isSubscription).map(({ topic }) => topic.name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw illegal(`topic "${twice}" is subscribed to twice: join the tags with ||`)
}
