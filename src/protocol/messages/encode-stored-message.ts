import Long from 'long'
import { illegal, tooLarge } from '../../errors.ts'
import { bodyCrc } from '../hashes.ts'
import { ipToBytes } from '../hosts.ts'
import { writeInt64 } from '../int64.ts'
import { MAX_PROPERTIES_BYTES } from './properties.ts'
import { BYTES_BEFORE_BODY, MAGIC_V1, MAGIC_V2, PROPERTIES_LENGTH_BYTES } from './stored-message.ts'
import type { StoredMessage } from './stored-message.ts'
import { MESSAGE_FLAG } from '../sys-flags.ts'

const MAX_TOPIC_BYTES = { 1: 127, 2: 32_767 } as const

/** What a broker knows of a message; size and checksum follow from it. */
export type StoredMessageFields = Omit<StoredMessage, 'storeSize' | 'bodyCrc' | 'properties'>

/**
 * One record as a broker stores and delivers it. Whether hosts are IPv6 is seen from them, not from `sysFlag`. Version 2
 * is chosen for a topic of more than 127 bytes, which version 1 cannot hold (`ERR_RMQ_ILLEGAL`). Properties of more than
 * 32,767 bytes throw `ERR_RMQ_TOO_LARGE`.
 */
export const encodeStoredMessage = (fields: StoredMessageFields, version?: 1 | 2): Buffer => {
  const { storedBody } = fields
  const bornIp = ipToBytes(fields.bornHost.address)
  const storeIp = ipToBytes(fields.storeHost.address)
  const topic = Buffer.from(fields.topic)
  const properties = Buffer.from(fields.propertiesText)
  const layout = version ?? (topic.length > MAX_TOPIC_BYTES[1] ? 2 : 1)
  if (topic.length > MAX_TOPIC_BYTES[layout]) {
    throw illegal(`a topic of ${topic.length} bytes does not fit a record of version ${layout}`)
  }
  if (properties.length > MAX_PROPERTIES_BYTES) {
    throw tooLarge('the properties text', properties.length, MAX_PROPERTIES_BYTES, { topic: fields.topic })
  }
  const bodyAt = BYTES_BEFORE_BODY - 8 + bornIp.length + storeIp.length
  const topicAt = bodyAt + storedBody.length + layout
  const propertiesAt = topicAt + topic.length + PROPERTIES_LENGTH_BYTES
  const record = Buffer.allocUnsafe(propertiesAt + properties.length)

  record.writeInt32BE(record.length, 0)
  record.writeInt32BE(layout === 1 ? MAGIC_V1 : MAGIC_V2, 4)
  record.writeInt32BE(bodyCrc(storedBody), 8)
  record.writeInt32BE(fields.queueId, 12)
  record.writeInt32BE(fields.flag, 16)
  writeInt64(record, fields.queueOffset, 20)
  writeInt64(record, fields.physicalOffset, 28)
  record.writeInt32BE(flagWithHosts(fields.sysFlag, bornIp, storeIp), 36)
  writeInt64(record, Long.fromNumber(fields.bornTimestamp), 40)
  const storeTimestampAt = writeHost(record, bornIp, fields.bornHost.port, 48)
  writeInt64(record, Long.fromNumber(fields.storeTimestamp), storeTimestampAt)
  const reconsumeTimesAt = writeHost(record, storeIp, fields.storeHost.port, storeTimestampAt + 8)
  record.writeInt32BE(fields.reconsumeTimes, reconsumeTimesAt)
  writeInt64(record, fields.preparedTransactionOffset, reconsumeTimesAt + 4)
  record.writeInt32BE(storedBody.length, bodyAt - 4)
  record.set(storedBody, bodyAt)
  if (layout === 1) record.writeInt8(topic.length, topicAt - 1)
  else record.writeInt16BE(topic.length, topicAt - 2)
  record.set(topic, topicAt)
  record.writeInt16BE(properties.length, propertiesAt - PROPERTIES_LENGTH_BYTES)
  record.set(properties, propertiesAt)
  return record
}

const flagWithHosts = (sysFlag: number, bornIp: Buffer, storeIp: Buffer): number =>
  (sysFlag & ~(MESSAGE_FLAG.BORN_HOST_IPV6 | MESSAGE_FLAG.STORE_HOST_IPV6)) |
  (bornIp.length === 16 ? MESSAGE_FLAG.BORN_HOST_IPV6 : 0) |
  (storeIp.length === 16 ? MESSAGE_FLAG.STORE_HOST_IPV6 : 0)

/** Writes address and port, and says what comes next. */
const writeHost = (record: Buffer, ip: Buffer, port: number, at: number): number => {
  record.set(ip, at)
  return record.writeInt32BE(port, at + ip.length)
}
