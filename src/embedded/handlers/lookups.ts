import { readHeader } from '../../protocol/requests/fields.ts'
import { responseFrame } from '../../protocol/frames/frame.ts'
import { PROPERTY } from '../../protocol/messages/properties.ts'
import { REQUESTS } from '../../protocol/requests/requests.ts'
import { RESPONSE } from '../../protocol/responses.ts'
import { readStoredMessages } from '../../protocol/messages/stored-message.ts'
import { failure, successWithBody } from '../answers.ts'
import type { BrokerContext } from '../broker-context.ts'
import type { LogRecord } from '../queue.ts'
import type { Handler } from '../server.ts'

/** What an official broker gives at most, whatever is asked for: by a key of the user, and by a message id. */
const MAX_BY_KEY = 64
const MAX_BY_ID = 32

/** One stored message by its physical offset, the number inside an offset message id. */
export const viewMessage: Handler<BrokerContext> = ({ log }, request) => {
  const { offset } = readHeader(REQUESTS.VIEW_MESSAGE_BY_ID.asks, request.fields)
  const record = log.at(offset)
  return record === undefined
    ? failure(request, RESPONSE.SYSTEM_ERROR, `no message begins at physical offset ${offset.toString()}`)
    : successWithBody(request, record.bytes)
}

/** Messages of a topic with this key or id, the newest first. Instead of an index, everything in the topic is looked at. */
export const queryMessages: Handler<BrokerContext> = ({ log }, request) => {
  const header = readHeader(REQUESTS.QUERY_MESSAGE.asks, request.fields)
  const { topic, key, maxNum, beginTimestamp, endTimestamp } = header
  const most = header.isUniqueKey === true ? MAX_BY_ID : Math.min(maxNum, MAX_BY_KEY)
  const newestFirst = log.records(topic).toSorted((a, b) => b.physicalOffset - a.physicalOffset)
  const found = newestFirst
    .filter(({ storeTimestamp }) => beginTimestamp.lessThanOrEqual(storeTimestamp))
    .filter(({ storeTimestamp }) => endTimestamp.greaterThanOrEqual(storeTimestamp))
    .filter(record => isNamed(record, key))
    .slice(0, Math.max(0, most))
  const [newest] = newestFirst
  if (newest === undefined || found.length === 0) {
    return failure(request, RESPONSE.QUERY_NOT_FOUND, `no message of topic "${topic}" has this key in this time`)
  }
  return responseFrame(request, RESPONSE.SUCCESS, {
    fields: {
      indexLastUpdateTimestamp: String(newest.storeTimestamp),
      indexLastUpdatePhyoffset: String(newest.physicalOffset),
    },
    body: Buffer.concat(found.map(record => record.bytes)),
  })
}

/** The bytes are searched first, because reading every message of a topic takes a hundred times as long. */
const isNamed = ({ bytes }: LogRecord, name: string): boolean => {
  if (name === '' || !bytes.includes(name)) return false
  const properties = readStoredMessages(bytes).messages[0]?.properties
  if (properties?.[PROPERTY.UNIQUE_KEY] === name) return true
  return properties?.[PROPERTY.KEYS]?.split(' ').includes(name) === true
}
