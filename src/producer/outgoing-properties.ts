import { kindOf } from '../client/check-kinds.ts'
import { illegal } from '../errors.ts'
import type { MessageOptions } from '../messages/message.ts'
import { addHalfProperties } from './half-message.ts'
import { OTHER_SHARDING_KEY, PROPERTY, RESERVED_PROPERTIES } from '../protocol/messages/properties.ts'
import { deliveryProperty } from './delivery-time.ts'

/** Properties that this client sets besides those of the message. */
export type OwnProperties = Readonly<Record<string, string>>

/** User properties and RocketMQ's own, as one map. Throws ERR_RMQ_ILLEGAL, which names what is wrong. */
export const outgoingProperties = (
  message: MessageOptions,
  messageId: string,
  own: OwnProperties | undefined,
): Record<string, string> => {
  const { tag, keys, shardKey, delayLevel, deliver, properties, waitForStore = true, buyerId, instanceId } = message
  const all = Object.create(null) as Record<string, string> // any name is safe, `__proto__` too
  if (properties !== undefined) addOwn(properties, all)
  all[PROPERTY.UNIQUE_KEY] = messageId
  if (typeof waitForStore !== 'boolean') {
    throw illegal(`waitForStore is ${kindOf(waitForStore)}: expected true or false`)
  }
  all[PROPERTY.WAIT] = String(waitForStore)
  if (tag !== undefined && tag !== '') all[PROPERTY.TAGS] = checkedTag(tag)
  if (keys !== undefined) {
    if (!Array.isArray(keys)) throw illegal('keys is not a list of strings')
    if (keys.length > 0) all[PROPERTY.KEYS] = keys.map(checkedKey).join(' ')
  }
  if (shardKey !== undefined && shardKey !== '') {
    all[PROPERTY.SHARDING_KEY] = checkedText('shardKey', shardKey) // the server's name
    all[OTHER_SHARDING_KEY] = shardKey // Go's
  }
  if (delayLevel !== undefined || deliver !== undefined) Object.assign(all, deliveryProperty(delayLevel, deliver))
  if (buyerId !== undefined && buyerId !== '') all[PROPERTY.BUYER_ID] = checkedText('buyerId', buyerId)
  if (instanceId !== undefined && instanceId !== '') all[PROPERTY.INSTANCE_ID] = checkedText('instanceId', instanceId)
  addHalfProperties(message, all)
  return own === undefined ? all : Object.assign(all, own)
}

const addOwn = (properties: Readonly<Record<string, string>>, all: Record<string, string>): void => {
  if (typeof properties !== 'object' || (properties as unknown) === null || Array.isArray(properties)) {
    throw illegal(`properties is ${kindOf(properties)}: expected an object of texts`)
  }
  for (const name of Object.keys(properties)) {
    const value = checkedText(`property "${name}"`, properties[name])
    if (value !== '') all[checkedName(name)] = value // the protocol has no empty values
  }
}

const checkedText = (what: string, value: unknown): string => {
  if (typeof value !== 'string') throw illegal(`${what} is not a string`)
  // eslint-disable-next-line no-control-regex -- the two separators of the wire format
  if (/[\u0001\u0002]/.test(value)) throw illegal(`${what} contains U+0001 or U+0002, which separate properties`)
  return value
}

const checkedName = (name: string): string => {
  if (name === '') throw illegal('a property has no name')
  if (RESERVED_PROPERTIES.has(name) || name === OTHER_SHARDING_KEY) {
    throw illegal(`property "${name}" belongs to RocketMQ: it has a field of its own`)
  }
  return checkedText('the name of a property', name)
}

const checkedTag = (given: string): string => {
  const tag = checkedText('tag', given)
  if (tag.includes('||') || tag.trim() !== tag) throw illegal(`tag "${tag.slice(0, 80)}" contains || or outer blanks`)
  return tag
}

const checkedKey = (given: unknown): string => {
  const key = checkedText('a key', given)
  if (key !== '' && !/\s/.test(key)) return key
  throw illegal(`key "${key.slice(0, 80)}" is empty or contains a blank, which separates keys`)
}
