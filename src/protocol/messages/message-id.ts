import type Long from 'long'
import { illegal } from '../../errors.ts'
import { ipFromBytes, ipToBytes } from '../hosts.ts'
import type { Host } from '../hosts.ts'
import { readInt64, writeInt64 } from '../int64.ts'

const IPV4_ID_LENGTH = 32
const IPV6_ID_LENGTH = 56
const MAX_PORT = 65_535
/** A clock that stands so much before its month has been set back: then the month is looked up again. */
const CLOCK_SLACK_MS = 1_000_000

/** The id that a broker gives a message: where it is stored, in upper-case hex (32 characters, 56 with IPv6). */
export const encodeOffsetId = (host: Host, physicalOffset: Long): string => {
  const tail = Buffer.alloc(12)
  tail.writeInt32BE(host.port)
  writeInt64(tail, physicalOffset, 4)
  return hexOf(ipToBytes(host.address)) + hexOf(tail)
}

/**
 * Where an offset id says that its message is stored. A unique key has the same length: it is refused only when what
 * stands in place of the port cannot be one. Throws `ERR_RMQ_ILLEGAL`.
 */
export const decodeOffsetId = (id: string): { readonly host: Host; readonly physicalOffset: Long } => {
  if (id.length !== IPV4_ID_LENGTH && id.length !== IPV6_ID_LENGTH) {
    throw illegal(
      `an offset id has ${id.length} characters: expected ${IPV4_ID_LENGTH} or ${IPV6_ID_LENGTH} hex digits`,
    )
  }
  const bytes = lenientHex(id)
  const portAt = bytes.length - 12
  const port = bytes.readInt32BE(portAt)
  if (port < 0 || port > MAX_PORT) {
    throw illegal(
      `"${id}" is not an offset id: expected a port of at most ${MAX_PORT} at byte ${portAt}, found ${port}`,
    )
  }
  return {
    host: { address: ipFromBytes(bytes.subarray(0, portAt)), port },
    physicalOffset: readInt64(bytes, portAt + 4),
  }
}

/** What unique message ids are made of. */
export interface UniqueIdSource {
  /** Address of this client, IPv4 or IPv6. */
  readonly ip: string
  readonly pid: number
  /** Any number that differs between threads and containers that share address and pid. */
  readonly random32: number
  /** Epoch ms. */
  readonly now: () => number
}

/**
 * Makes unique keys, the ids that users see: address, process, a random number, ms since the month began, counter.
 * Unique as long as fewer than 65,536 are made in one millisecond (`MessageClientIDSetter`).
 */
export const createUniqueIds = ({ ip, pid, random32, now }: UniqueIdSource): (() => string) => {
  const process = Buffer.alloc(6)
  process.writeUInt16BE(pid & 0xffff)
  process.writeInt32BE(random32 | 0, 2)
  const prefix = hexOf(ipToBytes(ip)) + hexOf(process)
  let start = monthStart(now())
  let next = nextMonthStart(start)
  let counter = 0
  let lastMs = -1
  let upToCounter = '' // made once a millisecond
  return () => {
    const nowMs = now()
    if (nowMs >= next || nowMs <= start - CLOCK_SLACK_MS) {
      start = monthStart(nowMs)
      next = nextMonthStart(start)
    }
    if (nowMs !== lastMs) {
      lastMs = nowMs
      upToCounter = prefix + hexNumber(Math.max(nowMs - start, 0), 8)
    }
    const id = upToCounter + hexByte(counter >> 8) + hexByte(counter & 0xff)
    counter = (counter + 1) & 0xffff
    return id
  }
}

/** The first instant of the month in the local time zone, epoch ms. */
export const monthStart = (nowMs: number): number => {
  const date = new Date(nowMs)
  return new Date(date.getFullYear(), date.getMonth(), 1).getTime()
}

/** The first instant of the month after, epoch ms. */
export const nextMonthStart = (nowMs: number): number => {
  const date = new Date(nowMs)
  return new Date(date.getFullYear(), date.getMonth() + 1, 1).getTime()
}

const hexOf = (bytes: Buffer): string => bytes.toString('hex').toUpperCase()

const hexByte = (value: number): string => HEX_BYTES[value] ?? ''

const hexNumber = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, '0')

const HEX_BYTES: readonly string[] = Array.from({ length: 256 }, (_, value) => hexNumber(value, 2))

/** Java's reading of hex: either case, and what is no digit counts as -1. Ids that other clients accept must not fail here. */
const lenientHex = (text: string): Buffer => {
  const bytes = Buffer.alloc(text.length / 2)
  for (let at = 0; at < bytes.length; at++) {
    bytes[at] = (hexDigit(text, 2 * at) << 4) | hexDigit(text, 2 * at + 1)
  }
  return bytes
}

const hexDigit = (text: string, at: number): number => '0123456789ABCDEF'.indexOf(text.charAt(at).toUpperCase())
