import {
  decodeAssignmentQuery,
  decodeClientCheck,
  decodeHeartbeat,
  decodeLockRequest,
} from '../protocol/bodies/bodies.ts'
import {
  encodeAssignmentQuery,
  encodeClientCheck,
  encodeHeartbeat,
  encodeLockRequest,
} from '../protocol/bodies/bodies.ts'
import type { Fields, Frame } from '../protocol/frames/frame.ts'
import { withNamespace, withoutNamespace } from '../protocol/names.ts'
import { PROPERTY, readProperties, writeProperties } from '../protocol/messages/properties.ts'
import { REQUESTS } from '../protocol/requests/requests.ts'
import type { Interceptor } from '../remoting/interceptors.ts'

/** Fields that name a topic or a group, in whatever request they stand. */
const NAMING = ['topic', 'originTopic', 'producerGroup', 'consumerGroup', 'group']
/** The same in the sends whose fields have one letter. */
const NAMING_LETTERS = ['a', 'b']
const SENDS_IN_LETTERS: ReadonlySet<number> = new Set(
  [REQUESTS.SEND_MESSAGE_V2, REQUESTS.SEND_BATCH_MESSAGE, REQUESTS.SEND_REPLY_MESSAGE_V2].map(({ code }) => code),
)
/** Requests of locks: group and topics stand in the body. */
const LOCKING: ReadonlySet<number> = new Set([REQUESTS.LOCK_BATCH_MQ.code, REQUESTS.UNLOCK_BATCH_MQ.code])

/**
 * Puts topics and groups into a namespace on their way out (`NamespaceUtil`): retry topics and dead letters as well, system
 * topics not. Inside the client they are bare, so that routes, errors and results name them as users do.
 */
export const namespaced =
  (namespace: string): Interceptor =>
  next =>
  call =>
    next(call.kind === 'reply' ? call : { ...call, frame: wrapped(call.frame, namespace) })

/** A request that a server made, with bare names. */
export const unwrapped = (frame: Frame, namespace: string): Frame => ({
  ...frame,
  fields: renamed(frame.fields, NAMING, name => withoutNamespace(name, namespace)),
})

const wrapped = (frame: Frame, namespace: string): Frame => {
  const { code } = frame
  const inside = (name: string): string => withNamespace(name, namespace)
  if (code === REQUESTS.HEART_BEAT.code) return { ...frame, body: heartbeatIn(frame.body, inside) }
  if (code === REQUESTS.QUERY_ASSIGNMENT.code) return { ...frame, body: assignmentIn(frame.body, inside) }
  if (LOCKING.has(code)) return { ...frame, body: locksIn(frame.body, inside) }
  if (code === REQUESTS.CHECK_CLIENT_CONFIG.code) return { ...frame, body: checkIn(frame.body, inside) }
  if (!SENDS_IN_LETTERS.has(code)) return { ...frame, fields: renamed(frame.fields, NAMING, inside) }
  const fields = renamed(frame.fields, NAMING_LETTERS, inside)
  return { ...frame, fields: { ...fields, i: propertiesIn(fields['i'] ?? '', namespace) } }
}

const renamed = (fields: Fields, names: readonly string[], rename: (name: string) => string): Fields => {
  const all: Record<string, string> = Object.assign(Object.create(null) as Record<string, string>, fields)
  for (const name of names) {
    const value = fields[name]
    if (value !== undefined) all[name] = rename(value)
  }
  return all
}

const assignmentIn = (body: Buffer, inside: (name: string) => string): Buffer => {
  const query = decodeAssignmentQuery(body)
  return encodeAssignmentQuery({ ...query, topic: inside(query.topic), consumerGroup: inside(query.consumerGroup) })
}

const locksIn = (body: Buffer, inside: (name: string) => string): Buffer => {
  const { consumerGroup, clientId, queues } = decodeLockRequest(body)
  return encodeLockRequest({
    consumerGroup: inside(consumerGroup),
    clientId,
    queues: queues.map(queue => ({ ...queue, topic: inside(queue.topic) })),
  })
}

const heartbeatIn = (body: Buffer, inside: (name: string) => string): Buffer => {
  const { clientId, producerGroups, consumers } = decodeHeartbeat(body)
  return encodeHeartbeat({
    clientId,
    producerGroups: producerGroups.map(inside),
    consumers: consumers.map(consumer => ({
      ...consumer,
      groupName: inside(consumer.groupName),
      subscriptions: consumer.subscriptions.map(one => ({ ...one, topic: inside(one.topic) })),
    })),
  })
}

const checkIn = (body: Buffer, inside: (name: string) => string): Buffer => {
  const { clientId, consumerGroup, subscription } = decodeClientCheck(body)
  return encodeClientCheck({
    clientId,
    consumerGroup: inside(consumerGroup),
    subscription: subscription && { ...subscription, topic: inside(subscription.topic) },
  })
}

/** The group that is asked about a transaction is part of the message. */
const propertiesIn = (text: string, namespace: string): string => {
  const properties = readProperties(text)
  const group = properties[PROPERTY.PRODUCER_GROUP]
  properties[PROPERTY.INSTANCE_ID] = namespace
  if (group !== undefined) properties[PROPERTY.PRODUCER_GROUP] = withNamespace(group, namespace)
  return writeProperties(properties)
}
