import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type Long from 'long'
import { illegal } from '../errors.ts'
import { toLong } from './int64.ts'

/** What may choose a queue: hashed as Java hashes a String, Integer, Long or Boolean. */
export type HashKey = string | number | bigint | boolean | Long

/** Java's `String.hashCode`: over UTF-16 units, a signed 32-bit number. */
export const javaHash = (text: string): number => {
  let hash = 0
  for (let at = 0; at < text.length; at++) hash = (Math.imul(31, hash) + text.charCodeAt(at)) | 0
  return hash
}

/** FNV-1a of 32 bits over the UTF-8 bytes, not negative: what the Go client's hash selector takes modulo the queues. */
export const fnv1a = (text: string): number => {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}

/** The number that the consume queue keeps for a tag: its hash, 0 without a tag. Different tags may share it. */
export const tagCode = (tag: string | undefined): number => (tag === undefined ? 0 : javaHash(tag))

/**
 * Which of `queues` queues a key belongs to, as `SelectMessageQueueByHash` chooses: the same key goes to the same queue
 * from a Java producer too. A number within 32 bits counts as Java's int, a larger one, a bigint and a `Long` as long.
 */
export const queueIndexByHash = (key: HashKey, queues: number): number => {
  if (!Number.isSafeInteger(queues) || queues < 1) throw illegal(`there is no queue to choose from: ${queues} queues`)
  return Math.abs(hashOf(key) % queues)
}

/** CRC-32 of a stored body without its sign bit, as records carry it. */
export const bodyCrc = (body: Uint8Array): number => crc32(body) & 0x7fffffff

/**
 * Where a text stands on the ring of the official consistent hashing: the first four bytes of its MD5, not negative. MD5
 * because all members of a group must agree, not for safety.
 */
export const ringHash = (text: string): number => createHash('md5').update(text).digest().readUInt32BE(0)

const hashOf = (key: HashKey): number => {
  if (typeof key === 'string') return javaHash(key)
  if (typeof key === 'boolean') return key ? 1231 : 1237
  if (typeof key === 'number' && key === (key | 0)) return key
  const { low, high } = toLong(key)
  return low ^ high
}
