import { kindOf } from '../client/check-kinds.ts'
import { illegal } from '../errors.ts'
import type { Outbound } from '../messages/message.ts'

/** Every name that a message may have. */
const NAMES: Readonly<Record<keyof Outbound, true>> = {
  topic: true,
  body: true,
  tag: true,
  keys: true,
  shardKey: true,
  properties: true,
  delayLevel: true,
  deliver: true,
  waitForStore: true,
  buyerId: true,
  instanceId: true,
}

/** Throws ERR_RMQ_ILLEGAL for what is no message, has no topic, or has a field that messages do not have. */
export const checkMessage = (message: Outbound): void => {
  const { topic } = given(message)
  if (typeof topic?.codec?.encode !== 'function') {
    const its = typeof topic?.name === 'string' ? 'is without a codec' : `is ${kindOf(topic)}`
    throw illegal(`the topic of a message ${its}: expected what topic() makes`)
  }
  for (const name in message) {
    if (!Object.hasOwn(NAMES, name)) throw illegal(`${name} is not a field of a message`, { topic: topic.name ?? '' })
  }
}

interface Unsure {
  readonly topic?: { readonly name?: string; readonly codec?: { readonly encode?: unknown } | null } | null
}

const given = (message: unknown): Unsure => {
  if (typeof message === 'object' && message !== null) return message
  throw illegal(`a message is ${kindOf(message)}: expected what message() makes`)
}
