import { CONSUME_TYPES, jsonOfSubscription, MESSAGE_MODELS, subscriptionOf } from './heartbeat-body.ts'
import type { ConsumerData } from './heartbeat-body.ts'
import { intAt, oneOfAt, shapeOfBody, shapesAt, shapesByName, textAt } from '../json-shapes.ts'

/** A member of a group as a broker sees it: one connection. */
export interface GroupConnection {
  readonly clientAddr: string
  readonly clientId: string
  readonly language: string
  readonly version: number
}

/** The members of a group at one broker, and what the latest heartbeat of any of them said (answer to code 203). */
export interface GroupConnections extends Omit<ConsumerData, 'groupName'> {
  readonly connections: readonly GroupConnection[]
}

export const encodeGroupConnections = (group: GroupConnections): Buffer => {
  const { connections, consumeFromWhere, consumeType, messageModel, subscriptions } = group
  const table = subscriptions.map(one => `${JSON.stringify(one.topic)}:${jsonOfSubscription(one)}`)
  const members = JSON.stringify({ connectionSet: connections, consumeFromWhere, consumeType, messageModel })
  return Buffer.from(`${members.slice(0, -1)},"subscriptionTable":{${table.join(',')}}}`)
}

export const decodeGroupConnections = (body: Buffer): GroupConnections => {
  const group = shapeOfBody(body, 'group connections')
  return {
    connections: shapesAt(group, 'connectionSet').map(connection => ({
      clientAddr: textAt(connection, 'clientAddr', ''),
      clientId: textAt(connection, 'clientId'),
      language: textAt(connection, 'language', 'OTHER'),
      version: intAt(connection, 'version', 0),
    })),
    consumeType: oneOfAt(group, 'consumeType', CONSUME_TYPES),
    messageModel: oneOfAt(group, 'messageModel', MESSAGE_MODELS),
    consumeFromWhere: textAt(group, 'consumeFromWhere', ''),
    subscriptions: shapesByName(group, 'subscriptionTable').map(([, subscription]) => subscriptionOf(subscription)),
  }
}
