/** Between the name and the value of a property. */
export const NAME_SEPARATOR = '\u0001'
/** After every property; releases before 5.2.0 leave the last one out. */
export const PROPERTY_SEPARATOR = '\u0002'
/** Its length travels as a signed 16-bit number; counted in UTF-8 bytes, with what the broker adds. */
export const MAX_PROPERTIES_BYTES = 32_767

/** Names that clients and brokers give a meaning to (`MessageConst`). */
export const PROPERTY = {
  /** Business keys, separated by one space; each is indexed. */
  KEYS: 'KEYS',
  /** The tag: one per message. */
  TAGS: 'TAGS',
  /** `false`: do not wait for flush and replication. Missing means `true`. */
  WAIT: 'WAIT',
  /** Delay level, 1 to 18 by default. */
  DELAY: 'DELAY',
  /** Original topic of a message on a retry topic. */
  RETRY_TOPIC: 'RETRY_TOPIC',
  REAL_TOPIC: 'REAL_TOPIC',
  REAL_QUEUE_ID: 'REAL_QID',
  TRANSACTION_PREPARED: 'TRAN_MSG',
  PRODUCER_GROUP: 'PGROUP',
  /** The message id that users see, made by the client. */
  UNIQUE_KEY: 'UNIQ_KEY',
  TRANSACTION_ID: '__transactionId__',
  TRANSACTION_PREPARED_QUEUE_OFFSET: 'TRAN_PREPARED_QUEUE_OFFSET',
  TRANSACTION_CHECK_TIMES: 'TRANSACTION_CHECK_TIMES',
  CHECK_IMMUNITY_SECONDS: 'CHECK_IMMUNITY_TIME_IN_SECONDS',
  TIMER_DELAY_SECONDS: 'TIMER_DELAY_SEC',
  TIMER_DELAY_MS: 'TIMER_DELAY_MS',
  /** Epoch ms at which to deliver. */
  TIMER_DELIVER_MS: 'TIMER_DELIVER_MS',
  TIMER_OUT_MS: 'TIMER_OUT_MS',
  TIMER_ENQUEUE_MS: 'TIMER_ENQUEUE_MS',
  TIMER_DEQUEUE_MS: 'TIMER_DEQUEUE_MS',
  TIMER_ROLL_TIMES: 'TIMER_ROLL_TIMES',
  TIMER_DELAY_LEVEL: 'TIMER_DELAY_LEVEL',
  TIMER_DELETE_UNIQUE_KEY: 'TIMER_DEL_UNIQKEY',
  /** The ordering key. Other clients write `SHARDING_KEY`, which servers do not know. */
  SHARDING_KEY: '__SHARDINGKEY',
  /** `reply` sends a message to the requester. */
  MESSAGE_TYPE: 'MSG_TYPE',
  CORRELATION_ID: 'CORRELATION_ID',
  REPLY_TO_CLIENT: 'REPLY_TO_CLIENT',
  REPLY_TTL: 'TTL',
  REPLY_ARRIVE_TIME: 'ARRIVE_TIME',
  PUSH_REPLY_TIME: 'PUSH_REPLY_TIME',
  CLUSTER: 'CLUSTER',
  REGION: 'MSG_REGION',
  TRACE_ON: 'TRACE_ON',
  /** Namespace of the sender. */
  INSTANCE_ID: 'INSTANCE_ID',
  RECONSUME_TIME: 'RECONSUME_TIME',
  MAX_RECONSUME_TIMES: 'MAX_RECONSUME_TIMES',
  ORIGIN_MESSAGE_ID: 'ORIGIN_MESSAGE_ID',
  DEAD_LETTER_ORIGIN_TOPIC: 'DLQ_ORIGIN_TOPIC',
  DEAD_LETTER_ORIGIN_MESSAGE_ID: 'DLQ_ORIGIN_MESSAGE_ID',
  MIN_OFFSET: 'MIN_OFFSET',
  MAX_OFFSET: 'MAX_OFFSET',
  CONSUME_START_TIME: 'CONSUME_START_TIME',
  POP_CK: 'POP_CK',
  POP_CK_OFFSET: 'POP_CK_OFFSET',
  FIRST_POP_TIME: '1ST_POP_TIME',
  INNER_NUM: 'INNER_NUM',
  INNER_BASE: 'INNER_BASE',
  INNER_MULTI_DISPATCH: 'INNER_MULTI_DISPATCH',
  INNER_MULTI_QUEUE_OFFSET: 'INNER_MULTI_QUEUE_OFFSET',
  CRC32: '__CRC32#',
  BORN_TIMESTAMP: 'BORN_TIMESTAMP',
  BORN_HOST: '__BORNHOST',
  TRACE_CONTEXT: 'TRACE_CONTEXT',
  BUYER_ID: 'BUYER_ID',
  TRANSFER_FLAG: 'TRANSFER_FLAG',
  CORRECTION_FLAG: 'CORRECTION_FLAG',
  MQ2_FLAG: 'MQ2_FLAG',
  DUP_INFO: 'DUP_INFO',
  EXTEND_UNIQUE_INFO: 'EXTEND_UNIQ_INFO',
} as const

const FREE_FOR_USERS: ReadonlySet<string> = new Set([
  PROPERTY.TRANSACTION_ID,
  PROPERTY.TRANSACTION_CHECK_TIMES,
  PROPERTY.CHECK_IMMUNITY_SECONDS,
  PROPERTY.SHARDING_KEY,
  PROPERTY.INNER_NUM,
  PROPERTY.INNER_BASE,
  PROPERTY.INNER_MULTI_DISPATCH,
  PROPERTY.TRACE_CONTEXT,
])

/** What Go and others call the ordering key; servers know only `PROPERTY.SHARDING_KEY`. */
export const OTHER_SHARDING_KEY = 'SHARDING_KEY'

/** What the official client refuses as a property of the user (`MessageConst.STRING_HASH_SET` of 5.3.3). */
export const RESERVED_PROPERTIES: ReadonlySet<string> = new Set(
  Object.values(PROPERTY).filter(name => !FREE_FOR_USERS.has(name)),
)

/**
 * Properties as the text that travels, in the order of the members. Nothing is checked, as in the official writer: an
 * empty name or value will not survive reading, and a separator inside a value changes what is read.
 */
export const writeProperties = (properties: Readonly<Record<string, string>>): string => {
  let text = ''
  for (const name of Object.keys(properties)) {
    text += `${name}${NAME_SEPARATOR}${properties[name] ?? ''}${PROPERTY_SEPARATOR}`
  }
  return text
}

/**
 * The text back to properties, by Java's rules: a pair without a name or without a value vanishes, the last of several
 * with one name wins, later name separators stay in the value. The object inherits nothing, so any name is safe.
 */
export const readProperties = (text: string): Record<string, string> => {
  const properties = Object.create(NOTHING) as Record<string, string>
  let start = 0
  let separator = text.indexOf(NAME_SEPARATOR)
  while (separator !== -1 && start < text.length) {
    const end = endOfPair(text, start)
    if (separator > start && separator < end - 1) {
      properties[text.slice(start, separator)] = text.slice(separator + 1, end)
    }
    start = end + 1
    if (separator < start) separator = text.indexOf(NAME_SEPARATOR, start)
  }
  return properties
}

/** The text without any property of this name; everything else stays as it is (`MessageUtils.deleteProperty`). */
export const deleteProperty = (text: string, name: string): string => {
  const prefix = name + NAME_SEPARATOR
  let kept = ''
  let start = 0
  while (start < text.length) {
    const end = Math.min(endOfPair(text, start) + 1, text.length)
    if (!text.startsWith(prefix, start)) kept += text.slice(start, end)
    start = end
  }
  return kept
}

/** What read properties inherit from: nothing. As a prototype it is a third faster than no prototype at all. */
const NOTHING = Object.freeze(Object.create(null) as object)

const endOfPair = (text: string, start: number): number => {
  const end = text.indexOf(PROPERTY_SEPARATOR, start)
  return end === -1 ? text.length : end
}
