import { decodeConsumerStatus, encodeConsumerStatus } from '../../protocol/bodies/bodies.ts'
import type { QueueOffset } from '../../protocol/bodies/bodies.ts'
import { readHeader, writeHeader } from '../../protocol/requests/fields.ts'
import { responseFrame } from '../../protocol/frames/frame.ts'
import type { Fields, Frame } from '../../protocol/frames/frame.ts'
import { decodeOffsetId } from '../../protocol/messages/message-id.ts'
import { REQUESTS } from '../../protocol/requests/requests.ts'
import { RESPONSE } from '../../protocol/responses.ts'
import { failure, faultOf, successWithBody } from '../answers.ts'
import type { BrokerContext } from '../broker-context.ts'
import type { Handler } from '../server.ts'

/** How long a member has to answer, ms: what a tool asks, and where it stands. */
const RELAYED_MS = 10_000
const STATUS_MS = 5_000

/** Asks a member what a tool wants to know, and hands on its answer. */
export const relayToMember: Handler<BrokerContext> = (context, request) =>
  relay(context, request, request.fields, request.body)

/** The same with a stored message, which the tool only names. */
export const consumeDirectly: Handler<BrokerContext> = (context, request) => {
  const { msgId = '' } = readHeader(REQUESTS.CONSUME_MESSAGE_DIRECTLY.asks, request.fields)
  const fault = faultOf(() => decodeOffsetId(msgId))
  if (fault !== undefined) return failure(request, RESPONSE.SYSTEM_ERROR, fault)
  const record = context.log.at(decodeOffsetId(msgId).physicalOffset)
  if (record === undefined) return failure(request, RESPONSE.SYSTEM_ERROR, `there is no message ${msgId} here`)
  const fields = { ...request.fields, brokerName: context.name, topicSysFlag: '0', groupSysFlag: '0' }
  return relay(context, request, fields, record.bytes)
}

const relay = ({ asks, members }: BrokerContext, request: Frame, fields: Fields, body: Buffer) => {
  const { consumerGroup = '', clientId = '' } = fields
  const [member] = [...(members.group(consumerGroup)?.members ?? [])].find(([, one]) => one.clientId === clientId) ?? []
  if (member === undefined) {
    return failure(request, RESPONSE.SYSTEM_ERROR, `client "${clientId}" is no member of group "${consumerGroup}" here`)
  }
  return (answer: (frame: Frame) => void): void =>
    asks.ask(member, { code: request.code, fields, body }, RELAYED_MS, told =>
      answer(
        told === undefined
          ? failure(request, RESPONSE.CONSUME_MSG_TIMEOUT, `client "${clientId}" did not answer in ${RELAYED_MS} ms`)
          : responseFrame(request, told.code, { remark: told.remark ?? '', fields: told.fields, body: told.body }),
      ),
    )
}

/** Where all members of a group stand, or the one that is named. Who does not answer is left out. */
export const askConsumerStatus: Handler<BrokerContext> = ({ asks, members }, request) => {
  const { INVOKE_BROKER_TO_GET_CONSUMER_STATUS, GET_CONSUMER_STATUS_FROM_CLIENT } = REQUESTS
  const { topic, group, clientAddr = '' } = readHeader(INVOKE_BROKER_TO_GET_CONSUMER_STATUS.asks, request.fields)
  const all = [...(members.group(group)?.members ?? [])]
  if (all.length === 0) {
    return failure(request, RESPONSE.SYSTEM_ERROR, `consumer group "${group}" has no member here`)
  }
  const asked = all.filter(([, { clientId }]) => clientAddr === '' || clientAddr === clientId)
  const fields = writeHeader(GET_CONSUMER_STATUS_FROM_CLIENT.asks, { topic, group })
  const question = { code: GET_CONSUMER_STATUS_FROM_CLIENT.code, fields, body: Buffer.alloc(0) }
  return (answer: (frame: Frame) => void): void => {
    const byClientId = new Map<string, readonly QueueOffset[]>()
    const askFrom = (at: number): void => {
      const next = asked[at]
      if (next === undefined) return answer(successWithBody(request, encodeConsumerStatus({ own: [], byClientId })))
      const [connection, { clientId }] = next
      asks.ask(connection, question, STATUS_MS, told => {
        const offsets = told?.code === RESPONSE.SUCCESS ? offsetsIn(told.body) : undefined
        if (offsets !== undefined) byClientId.set(clientId, offsets)
        askFrom(at + 1)
      })
    }
    askFrom(0)
  }
}

const offsetsIn = (body: Buffer): readonly QueueOffset[] | undefined => {
  let offsets: readonly QueueOffset[] | undefined
  const fault = faultOf(() => (offsets = decodeConsumerStatus(body).own))
  return fault === undefined ? offsets : undefined
}
