import Long from 'long'
import { readHeader, writeHeader } from '../../protocol/requests/fields.ts'
import type { Fields, Frame } from '../../protocol/frames/frame.ts'
import type { Host } from '../../protocol/hosts.ts'
import { encodeOffsetId } from '../../protocol/messages/message-id.ts'
import { PROPERTY, readProperties, writeProperties } from '../../protocol/messages/properties.ts'
import { REQUESTS } from '../../protocol/requests/requests.ts'
import { RESPONSE } from '../../protocol/responses.ts'
import { failure, success } from '../answers.ts'
import type { BrokerContext } from '../broker-context.ts'
import type { Connection } from '../connection.ts'
import type { Handler } from '../server.ts'
import { placeMessage, storePlaced } from '../storing.ts'
import { admitSend, type SendHeader } from './send-checks.ts'
import { REGION } from './sends.ts'

/** So long the one who asked has to take its reply. */
const PUSH_TIMEOUT_MS = 10_000

export const sendReply: Handler<BrokerContext> = (context, request, connection) =>
  reply(context, request, connection, readHeader(REQUESTS.SEND_REPLY_MESSAGE.asks, request.fields))

export const sendReplyV2: Handler<BrokerContext> = (context, request, connection) =>
  reply(context, request, connection, readHeader(REQUESTS.SEND_REPLY_MESSAGE_V2.asks, request.fields))

/** Hands a reply to who asked, and keeps a copy whether or not that succeeds; only the handing over decides the answer. */
const reply = (context: BrokerContext, request: Frame, connection: Connection, header: SendHeader) => {
  const admitted = admitSend(context, header, request.body)
  if ('remark' in admitted) return failure(request, admitted.code, admitted.remark, REGION)
  const queueId = header.queueId < 0 ? context.random(admitted.writeQueues) : header.queueId
  const place: SendHeader = { ...header, queueId }
  const properties = readProperties(header.properties ?? '')
  const told = (fault: string | undefined): Frame => {
    const fields = { ...keep(context, place, request.body, properties, connection), ...REGION }
    return fault === undefined ? success(request, fields) : failure(request, RESPONSE.SYSTEM_ERROR, fault, fields)
  }

  const clientId = properties[PROPERTY.REPLY_TO_CLIENT]
  if (clientId === undefined) return told('the reply does not say which client it is for')
  const asker = context.members.producerOf(clientId)
  if (asker === undefined) return told(`client "${clientId}" has announced no producer here`)
  const question = {
    code: REQUESTS.PUSH_REPLY_MESSAGE_TO_CLIENT.code,
    fields: pushFields(context, header, properties, connection),
    body: request.body,
  }
  return (answer: (frame: Frame) => void): void =>
    context.asks.ask(asker, question, PUSH_TIMEOUT_MS, taken =>
      answer(told(taken?.code === RESPONSE.SUCCESS ? undefined : `client "${clientId}" did not take the reply`)),
    )
}

const pushFields = (
  { host, timers }: BrokerContext,
  header: SendHeader,
  properties: Readonly<Record<string, string>>,
  { remote }: Connection,
): Fields =>
  writeHeader(REQUESTS.PUSH_REPLY_MESSAGE_TO_CLIENT.asks, {
    producerGroup: header.producerGroup,
    topic: header.topic,
    defaultTopic: header.defaultTopic,
    defaultTopicQueueNums: header.defaultTopicQueueNums,
    queueId: header.queueId,
    sysFlag: header.sysFlag,
    bornTimestamp: header.bornTimestamp,
    flag: header.flag,
    properties: writeProperties({ ...properties, [PROPERTY.PUSH_REPLY_TIME]: String(timers.now()) }),
    reconsumeTimes: header.reconsumeTimes ?? 0,
    unitMode: header.unitMode ?? false,
    bornHost: hostText(remote),
    storeHost: hostText(host),
    storeTimestamp: Long.fromNumber(timers.now()),
  })

/** The copy of a reply lies in its topic, and nobody looks at it. */
const keep = (
  context: BrokerContext,
  header: SendHeader,
  storedBody: Buffer,
  properties: Readonly<Record<string, string>>,
  { remote }: Connection,
): Fields => {
  const placement = placeMessage(context, {
    topic: header.topic,
    queueId: header.queueId,
    flag: header.flag,
    sysFlag: header.sysFlag,
    bornTimestamp: header.bornTimestamp.toNumber(),
    bornHost: remote,
    reconsumeTimes: header.reconsumeTimes ?? 0,
    storedBody,
    properties: { ...properties, ...REGION },
  })
  const { physicalOffset, queueOffset } = storePlaced(context, placement)
  return {
    msgId: encodeOffsetId(context.host, Long.fromNumber(physicalOffset)),
    queueId: String(header.queueId),
    queueOffset: String(queueOffset),
  }
}

const hostText = ({ address, port }: Host): string => `${address}:${port}`
