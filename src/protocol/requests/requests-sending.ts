import { as, bool, int, int64, optional, text } from './fields.ts'
import type { HeaderOf } from './fields.ts'
import type { Fields } from '../frames/frame.ts'
import { NAMESPACE, NOTHING, request, TO_BROKER, TOPIC } from './request-row.ts'

const SEND_V1 = {
  producerGroup: text,
  topic: text,
  defaultTopic: text,
  defaultTopicQueueNums: int,
  queueId: int,
  sysFlag: int,
  bornTimestamp: int64,
  flag: int,
  properties: optional(text),
  reconsumeTimes: optional(int),
  unitMode: optional(bool),
  maxReconsumeTimes: optional(int),
  batch: optional(bool),
  ...TO_BROKER,
}

/** The same header under one-letter names, the default of the official clients. */
const SEND_V2 = {
  producerGroup: as('a', text),
  topic: as('b', text),
  defaultTopic: as('c', text),
  defaultTopicQueueNums: as('d', int),
  queueId: as('e', int),
  sysFlag: as('f', int),
  bornTimestamp: as('g', int64),
  flag: as('h', int),
  properties: as('i', optional(text)),
  reconsumeTimes: as('j', optional(int)),
  unitMode: as('k', optional(bool)),
  maxReconsumeTimes: as('l', optional(int)),
  batch: as('m', optional(bool)),
  bname: as('n', optional(text)),
  ...NAMESPACE,
}

/** By hand, because every send pays for it: members that are named here cost a third of members found in the row. */
const writeSendV2 = (header: HeaderOf<typeof SEND_V2>): Fields => {
  const { properties, reconsumeTimes, unitMode, maxReconsumeTimes, batch, bname, ns, nsd } = header
  const fields: Record<string, string> = {
    a: header.producerGroup,
    b: header.topic,
    c: header.defaultTopic,
    d: String(header.defaultTopicQueueNums),
    e: String(header.queueId),
    f: String(header.sysFlag),
    g: int64.write(header.bornTimestamp),
    h: String(header.flag),
  }
  if (properties !== undefined) fields['i'] = properties
  if (reconsumeTimes !== undefined) fields['j'] = String(reconsumeTimes)
  if (unitMode !== undefined) fields['k'] = String(unitMode)
  if (maxReconsumeTimes !== undefined) fields['l'] = String(maxReconsumeTimes)
  if (batch !== undefined) fields['m'] = String(batch)
  if (bname !== undefined) fields['n'] = bname
  if (ns !== undefined) fields['ns'] = ns
  if (nsd !== undefined) fields['nsd'] = String(nsd)
  return fields
}

const SENT = {
  msgId: text,
  queueId: int,
  queueOffset: int64,
  transactionId: optional(text),
  batchUniqId: optional(text),
  recallHandle: optional(text),
  MSG_REGION: optional(text),
  TRACE_ON: optional(text),
}

/** Where a half message is, as the answer to its send or the check says. */
const HALF_MESSAGE = { tranStateTableOffset: int64, commitLogOffset: int64 }

/** Messages on their way to a broker: sends, replies, the end of transactions, recalls. */
export const SENDING_REQUESTS = {
  SEND_MESSAGE: request(10, SEND_V1, SENT),
  SEND_MESSAGE_V2: request(310, SEND_V2, SENT, writeSendV2),
  SEND_BATCH_MESSAGE: request(320, SEND_V2, SENT),
  SEND_REPLY_MESSAGE: request(324, SEND_V1, SENT),
  SEND_REPLY_MESSAGE_V2: request(325, SEND_V2, SENT),
  /** From the broker to who asked. To be answered within 10 s, without fields. */
  PUSH_REPLY_MESSAGE_TO_CLIENT: request(
    326,
    { ...SEND_V1, bornHost: text, storeHost: text, storeTimestamp: int64 },
    NOTHING,
  ),
  /** Not answered when `commitOrRollback` is 0. */
  END_TRANSACTION: request(
    37,
    {
      producerGroup: text,
      ...HALF_MESSAGE,
      /** 8 commit, 12 rollback, 0 unknown. */
      commitOrRollback: int,
      fromTransactionCheck: optional(bool),
      msgId: text,
      transactionId: optional(text),
      topic: optional(text),
      ...TO_BROKER,
    },
    NOTHING,
  ),
  /** From the broker, never answered: the outcome is told by END_TRANSACTION. */
  CHECK_TRANSACTION_STATE: request(
    39,
    {
      topic: optional(text),
      ...HALF_MESSAGE,
      msgId: optional(text),
      transactionId: optional(text),
      offsetMsgId: optional(text),
      ...TO_BROKER,
    },
    NOTHING,
  ),
  RESUME_CHECK_HALF_MESSAGE: request(323, { topic: optional(text), msgId: optional(text), ...TO_BROKER }, NOTHING),
  RECALL_MESSAGE: request(370, { producerGroup: optional(text), recallHandle: text, ...TOPIC }, { msgId: text }),
} as const
