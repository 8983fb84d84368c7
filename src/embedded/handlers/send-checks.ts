import type { HeaderOf } from '../../protocol/requests/fields.ts'
import { checkTopic, FORBIDDEN_TOPICS } from '../../protocol/names.ts'
import { isWriteable } from '../../protocol/permissions.ts'
import type { REQUESTS } from '../../protocol/requests/requests.ts'
import { RESPONSE } from '../../protocol/responses.ts'
import { STORE_DEFAULTS } from '../../protocol/server-defaults.ts'
import { faultOf, type Refusal, refusal } from '../answers.ts'
import type { BrokerContext } from '../broker-context.ts'
import { wantsTime, wrongTime } from '../timed.ts'
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

/** What this broker cannot do is refused, and so is a time that is none or too far away. */
export const refuseKind = (
  properties: Readonly<Record<string, string>>,
  header: SendHeader,
  nowMs: number,
): Refusal | undefined => {
  const wrong = wrongTime(properties, nowMs)
  if (wrong !== undefined) return refusal(RESPONSE.MESSAGE_ILLEGAL, wrong)
  // Official brokers lose such a batch: as one record it goes where single messages wait.
  if (header.batch === true && wantsTime(properties)) {
    return refusal(RESPONSE.MESSAGE_ILLEGAL, 'a batch cannot be delivered at a time')
  }
  return undefined
}
