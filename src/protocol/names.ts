import { illegal } from '../errors.ts'

export const RETRY_PREFIX = '%RETRY%'
const DEAD_LETTER_PREFIX = '%DLQ%'
const MAX_TOPIC_LENGTH = 127
/** What 5.3.3 accepts. Later releases stop at 120, and the retry topic of a group must fit `MAX_TOPIC_LENGTH` too. */
const MAX_GROUP_LENGTH = 255

const SEPARATOR = '%'
const SYSTEM_GROUP_PREFIX = 'CID_RMQ_SYS_'
const SYSTEM_TOPIC_PREFIX = 'rmq_sys_'
const FOREIGN_CHARACTER = /[^%|a-zA-Z0-9_-]/u

/** After whose model topics are created that brokers are asked for by a send. */
export const TEMPLATE_TOPIC = 'TBW102'
/** Where delayed messages wait, a queue per level. */
export const SCHEDULE_TOPIC = 'SCHEDULE_TOPIC_XXXX'
/** Where messages wait that named a time of their own. */
export const TIMER_TOPIC = 'rmq_sys_wheel_timer'

/** Where half messages wait for the end of their transaction, and where the official broker notes those that are over. */
export const HALF_TOPIC = 'RMQ_SYS_TRANS_HALF_TOPIC'
export const HALF_DONE_TOPIC = 'RMQ_SYS_TRANS_OP_HALF_TOPIC'
/** Where half messages end whose producers were asked too often. */
export const UNDECIDED_TOPIC = 'TRANS_CHECK_MAX_TIME_TOPIC'

/** Topics of the broker itself that a client must not send to (`TopicValidator`). */
export const FORBIDDEN_TOPICS: ReadonlySet<string> = new Set([
  SCHEDULE_TOPIC,
  HALF_TOPIC,
  HALF_DONE_TOPIC,
  UNDECIDED_TOPIC,
  'SELF_TEST_TOPIC',
  'OFFSET_MOVED_EVENT',
])

const SYSTEM_TOPICS: ReadonlySet<string> = new Set([
  ...FORBIDDEN_TOPICS,
  TEMPLATE_TOPIC,
  'BenchmarkTest',
  'RMQ_SYS_TRACE_TOPIC',
  'CHECKPOINT_TOPIC',
])

/** Where messages of a group wait for their next try. */
export const retryTopicOf = (group: string): string => RETRY_PREFIX + group

/** Where messages of a group end when their tries are used up. */
export const deadLetterTopicOf = (group: string): string => DEAD_LETTER_PREFIX + group

/** Where the answers to requests of a cluster go, on their way to who asked. */
export const replyTopicOf = (cluster: string): string => `${cluster}_REPLY_TOPIC`

/** Whether a topic holds what a group will be given again. */
export const isRetryTopic = (topic: string): boolean => topic.startsWith(RETRY_PREFIX)

/** Whether a topic holds what a group gave up. */
export const isDeadLetterTopic = (topic: string): boolean => topic.startsWith(DEAD_LETTER_PREFIX)

/** Topics that cannot be created or deleted and get no namespace. Brokers add their own: cluster and broker name. */
export const isSystemTopic = (topic: string): boolean =>
  SYSTEM_TOPICS.has(topic) || topic.startsWith(SYSTEM_TOPIC_PREFIX)

/** Throws `ERR_RMQ_ILLEGAL` for a topic that brokers would refuse: blank, too long, or with a character that is not allowed. */
export const checkTopic = (topic: string): void => checkName('topic', topic, MAX_TOPIC_LENGTH)

/** The same for the name of a producer or consumer group. */
export const checkGroup = (group: string): void => checkName('group', group, MAX_GROUP_LENGTH)

/** The same for a namespace, which also must not contain the `%` that separates it from a name. None is fine. */
export const checkNamespace = (namespace: string | undefined): void => {
  if (namespace === undefined || namespace === '') return
  checkName('namespace', namespace, MAX_TOPIC_LENGTH)
  if (/[%|]/.test(namespace)) throw illegal(`namespace "${namespace}" contains % or |`)
}

const checkName = (kind: string, name: string, maxLength: number): void => {
  if (typeof name !== 'string') throw illegal(`a ${kind} must be a text, not ${typeof name}`)
  if (name.trim() === '') throw illegal(`a ${kind} must not be blank`)
  if (name.length > maxLength) throw illegal(`a ${kind} has at most ${maxLength} characters, not ${name.length}`)
  const foreign = FOREIGN_CHARACTER.exec(name)?.[0]
  if (foreign === undefined) return
  const what = foreign === ' ' ? 'a space' : JSON.stringify(foreign)
  throw illegal(`${kind} "${name}" contains ${what}: letters, digits, %, |, _ and - are allowed`)
}

/** `%RETRY%` or `%DLQ%` in front of a name, or nothing. The namespace stands behind it. */
const prefixOf = (name: string): string => {
  if (isRetryTopic(name)) return RETRY_PREFIX
  return isDeadLetterTopic(name) ? DEAD_LETTER_PREFIX : ''
}

/** The name without `%RETRY%` or `%DLQ%` in front; of two prefixes only the first goes. */
export const withoutRetryPrefix = (name: string): string => name.slice(prefixOf(name).length)

const isWithoutNamespaces = (name: string): boolean => isSystemTopic(name) || name.startsWith(SYSTEM_GROUP_PREFIX)

/**
 * A topic or group as servers know it: `ns%name`, `%RETRY%ns%group`. System topics, system groups and names that have
 * the namespace already stay as they are, and so does every name when there is no namespace (`NamespaceUtil`).
 */
export const withNamespace = (name: string, namespace: string | undefined): string => {
  if (!namespace || name === '' || isWithoutNamespaces(name)) return name
  const bare = withoutRetryPrefix(name)
  return bare.startsWith(namespace + SEPARATOR) ? name : prefixOf(name) + namespace + SEPARATOR + bare
}

/** A topic or group as users know it; a name that is not in this namespace stays as it is. */
export const withoutNamespace = (name: string, namespace: string | undefined): string =>
  namespace && withoutRetryPrefix(name).startsWith(namespace + SEPARATOR) ? withoutAnyNamespace(name) : name

/** The name without whatever namespace it has. */
export const withoutAnyNamespace = (name: string): string => {
  const namespace = namespaceOf(name)
  return namespace === '' ? name : prefixOf(name) + withoutRetryPrefix(name).slice(namespace.length + SEPARATOR.length)
}

/** The namespace that a name carries, or the empty string. */
export const namespaceOf = (name: string): string => {
  if (isWithoutNamespaces(name)) return ''
  const bare = withoutRetryPrefix(name)
  return bare.slice(0, Math.max(bare.indexOf(SEPARATOR), 0))
}

const INSTANCE_ENDPOINT = /^(?:\w+:\/\/)?MQ_INST_\w+_\w+\../

/** Whether a name server endpoint names an instance, which is then the namespace: `http://MQ_INST_1_2.host:80`. */
export const isInstanceEndpoint = (endpoint: string): boolean => INSTANCE_ENDPOINT.test(endpoint)

/** The part of an endpoint before its first dot. Meant for instance endpoints: of `10.0.0.1:9876` it is `10`. */
export const instanceOfEndpoint = (endpoint: string): string | undefined => {
  if (endpoint === '') return undefined
  const start = endpoint.lastIndexOf('/') + 1
  const end = endpoint.indexOf('.')
  if (end < start) throw illegal(`endpoint "${endpoint}" names no instance: there is no dot in its host`)
  return endpoint.slice(start, end)
}

/** The endpoint without its scheme. */
export const addressOfEndpoint = (endpoint: string): string | undefined =>
  endpoint === '' ? undefined : endpoint.slice(endpoint.lastIndexOf('/') + 1)
