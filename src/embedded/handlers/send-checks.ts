import type { HeaderOf } from '../../protocol/fields.ts'
import { checkTopic, FORBIDDEN_TOPICS } from '../../protocol/names.ts'
import { isWriteable } from '../../protocol/permissions.ts'
import { PROPERTY } from '../../protocol/properties.ts'
import type { REQUESTS } from '../../protocol/requests.ts'
import { RESPONSE } from '../../protocol/responses.ts'
import { STORE_DEFAULTS } from '../../protocol/server-defaults.ts'
import { faultOf, type Refusal, refusal } from '../answers.ts'
import type { BrokerContext } from '../broker-context.ts'
import type { TopicConfig } from '../topics.ts'

/** Both send requests carry this, under long or one-letter names. */
export type SendHeader = HeaderOf<typeof REQUESTS.SEND_MESSAGE.asks>

/** Measured as it arrives: after compression. */
export const MAX_BODY_BYTES = STORE_DEFAULTS.maxMessageSize

/**
 * Where a send may go, creating its topic if that is allowed, or why not; the first rule that is broken decides, in the
 * official broker's order.
 */
export const admitSend = ({ topics }: BrokerContext, header: SendHeader, body: Buffer): TopicConfig | Refusal => {
  if (body.length === 0)
    return refusal(RESPONSE.MESSAGE_ILLEGAL, 'the message has no body, at least one byte is needed')
  const { topic, queueId } = header
  const illegalName = faultOf(() => checkTopic(topic))
  if (illegalName !== undefined) return refusal(RESPONSE.INVALID_PARAMETER, illegalName)
  if (FORBIDDEN_TOPICS.has(topic)) {
    return refusal(RESPONSE.NO_PERMISSION, `topic "${topic}" belongs to the broker, nothing can be sent to it`)
  }
  const config = topics.forSend(topic, header.defaultTopic, header.defaultTopicQueueNums)
  if (config === undefined) {
    return refusal(
      RESPONSE.TOPIC_NOT_EXIST,
      `topic "${topic}" does not exist and is not created by sending: create it first`,
    )
  }
  const queues = Math.max(config.writeQueues, config.readQueues)
  if (queueId >= queues) {
    return refusal(RESPONSE.INVALID_PARAMETER, `topic "${topic}" has no queue ${queueId}, it has ${queues}`)
  }
  if (!isWriteable(config.perm)) return refusal(RESPONSE.NO_PERMISSION, `topic "${topic}" is not writable`)
  if (body.length > MAX_BODY_BYTES) {
    // Official brokers look at a batch only while they write it, where all that can be said is that it failed.
    const code = header.batch === true ? RESPONSE.SYSTEM_ERROR : RESPONSE.MESSAGE_ILLEGAL
    return refusal(code, `the body has ${body.length} bytes, the limit is ${MAX_BODY_BYTES}`)
  }
  return config
}

/** What this broker cannot do yet is refused: stored as an ordinary message it would be delivered wrongly. */
export const refuseKind = (properties: Readonly<Record<string, string>>): Refusal | undefined => {
  if (TIMER_PROPERTIES.some(name => properties[name] !== undefined) && !isDelayed(properties)) {
    return refusal(RESPONSE.SYSTEM_ERROR, 'timer messages are disabled on this broker, delay levels are not')
  }
  return undefined
}

const TIMER_PROPERTIES = [PROPERTY.TIMER_DELAY_SECONDS, PROPERTY.TIMER_DELAY_MS, PROPERTY.TIMER_DELIVER_MS]

const isDelayed = (properties: Readonly<Record<string, string>>): boolean => Number(properties[PROPERTY.DELAY] ?? 0) > 0
