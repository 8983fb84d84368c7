import Long from 'long'
import { readHeader } from '../../protocol/requests/fields.ts'
import { type Fields, type Frame, NO_FIELDS } from '../../protocol/frames/frame.ts'
import { encodeOffsetId } from '../../protocol/messages/message-id.ts'
import { isRetryTopic, RETRY_PREFIX } from '../../protocol/names.ts'
import { deleteProperty, MAX_PROPERTIES_BYTES, PROPERTY, readProperties } from '../../protocol/messages/properties.ts'
import { REQUESTS } from '../../protocol/requests/requests.ts'
import { RESPONSE } from '../../protocol/responses.ts'
import { BROKER_DEFAULTS } from '../../protocol/server-defaults.ts'
import { versionOrdinal } from '../../protocol/versions.ts'
import { failure, isRefusal, type Refusal, refusal, success } from '../answers.ts'
import type { BrokerContext } from '../broker-context.ts'
import type { Connection } from '../connection.ts'
import type { LogRecord } from '../queue.ts'
import type { Handler } from '../server.ts'
import { type NewMessage, placeMessage, type Placement, storePlaced } from '../storing.ts'
import { recallHandleFor } from '../timed.ts'
import { isHalf, toHalf } from '../transactions.ts'
import { storeBatch } from './batches.ts'
import { admitSend, refuseKind, type SendHeader } from './send-checks.ts'

/** Since this version a client may say itself how often its messages are retried. */
export const CLIENT_SETS_RETRIES_SINCE = versionOrdinal('V3_4_9')

/** On every answer to a send: Java reads them without looking whether there are any fields. */
export const REGION: Fields = {
  [PROPERTY.REGION]: BROKER_DEFAULTS.regionId,
  [PROPERTY.TRACE_ON]: String(BROKER_DEFAULTS.traceOn),
}

export const sendMessage: Handler<BrokerContext> = (context, request, connection) =>
  send(context, request, connection, readHeader(REQUESTS.SEND_MESSAGE.asks, request.fields))

export const sendMessageV2: Handler<BrokerContext> = (context, request, connection) =>
  send(context, request, connection, readHeader(REQUESTS.SEND_MESSAGE_V2.asks, request.fields))

const send = (context: BrokerContext, request: Frame, connection: Connection, header: SendHeader): Frame => {
  const refuse = ({ code, remark }: Refusal) => failure(request, code, remark, REGION)
  const admitted = admitSend(context, header, request.body)
  if ('remark' in admitted) return refuse(admitted)
  const sentProperties = readProperties(withoutReceipt(header.properties ?? ''))
  const refused = refuseKind(sentProperties, header, context.timers.now())
  if (refused !== undefined) return refuse(refused)

  const place = {
    topic: header.topic,
    queueId: header.queueId < 0 ? context.random(admitted.writeQueues) : header.queueId,
    sysFlag: header.sysFlag,
    bornTimestamp: header.bornTimestamp.toNumber(),
    bornHost: connection.remote,
    reconsumeTimes: header.reconsumeTimes ?? 0,
  }
  if (header.batch === true) {
    const stored = storeBatch(context, place, sentProperties, request.body)
    return isRefusal(stored) ? refuse(stored) : success(request, { ...stored, ...REGION })
  }
  const message: NewMessage = {
    ...place,
    flag: header.flag,
    storedBody: request.body,
    properties: withOwnProperties(context, sentProperties),
  }
  const directed = isRetryTopic(header.topic) ? directRetry(context, header, request.version, message) : message
  if ('remark' in directed) return refuse(directed)

  const half = isHalf(directed)
  const placement = placeMessage(context, half ? toHalf(directed) : directed)
  const propertyBytes = Buffer.byteLength(placement.draft.propertiesText)
  if (propertyBytes > MAX_PROPERTIES_BYTES) {
    return refuse(
      refusal(
        RESPONSE.MESSAGE_ILLEGAL,
        `the properties have ${propertyBytes} bytes with those the broker adds, the limit is ${MAX_PROPERTIES_BYTES}`,
      ),
    )
  }
  const stored = storePlaced(context, placement)
  if (half) context.transactions.begin(stored)
  return success(request, { ...sentFields(context, directed, stored), ...handleOf(context, directed, placement) })
}

/** The receipt of a POP delivery belongs to that delivery, not to a copy of its message. */
const withoutReceipt = (propertiesText: string): string =>
  propertiesText.includes(PROPERTY.POP_CK) ? deleteProperty(propertiesText, PROPERTY.POP_CK) : propertiesText

const withOwnProperties = (context: BrokerContext, properties: Record<string, string>): Record<string, string> => {
  Object.assign(properties, REGION)
  properties[PROPERTY.CLUSTER] = context.clusterName
  properties[PROPERTY.UNIQUE_KEY] ??= context.nextUniqueKey()
  return properties
}

/** A consumer sends its message back the long way, as an ordinary send: retried so often, then a dead letter. */
const directRetry = (
  { groups, locks, topics }: BrokerContext,
  header: SendHeader,
  clientVersion: number,
  message: NewMessage,
): NewMessage | Refusal => {
  const name = header.topic.slice(RETRY_PREFIX.length)
  const group = groups.get(name)
  if (group === undefined)
    return refusal(RESPONSE.SUBSCRIPTION_GROUP_NOT_EXIST, `consumer group "${name}" does not exist`)
  const own = clientVersion >= CLIENT_SETS_RETRIES_SINCE ? header.maxReconsumeTimes : undefined
  // Who consumes in order retries by itself, and sends here only what it has given up.
  if (message.reconsumeTimes <= (own ?? group.retryMaxTimes) && !locks.isOrderly(name)) return message
  const deadLetters = topics.deadLetterTopic(name)
  return {
    ...message,
    topic: deadLetters.name,
    queueId: 0,
    properties: { ...message.properties, [PROPERTY.DELAY]: '-1' },
  }
}

/** By which a message that waits for a time of its own can be recalled. */
const handleOf = ({ name }: BrokerContext, { topic, properties }: NewMessage, { outMs }: Placement): Fields =>
  outMs === undefined
    ? NO_FIELDS
    : { recallHandle: recallHandleFor(outMs, topic, name, properties[PROPERTY.UNIQUE_KEY] ?? '') }

/** Offset and id are those of the record that was stored, which for a delayed message waits in the schedule topic. */
const sentFields = ({ host }: BrokerContext, { queueId, properties }: NewMessage, record: LogRecord): Fields => ({
  msgId: encodeOffsetId(host, Long.fromNumber(record.physicalOffset)),
  queueId: String(queueId),
  queueOffset: String(record.queueOffset),
  transactionId: properties[PROPERTY.UNIQUE_KEY] ?? '',
  ...REGION,
})
