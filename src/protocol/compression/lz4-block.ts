import { decodeFailed } from '../../errors.ts'
import type { RocketError } from '../../errors.ts'

/** The shortest match; what the token says is on top of it. */
const MIN_MATCH = 4
/** A length of 15 in the token goes on in the bytes that follow. */
const LONG = 15
/** Below this a loop is faster than a call. */
const SHORT_COPY = 24

/**
 * How many bytes an LZ4 block holds. It follows every sequence to its end and so proves that `copyLz4Block` will stay
 * within block and output: nothing is allocated for a block that lies. Throws `ERR_RMQ_DECODE`.
 */
export const measureLz4Block = (bytes: Buffer, from: number, to: number): number => {
  let at = from
  let length = 0
  while (at < to) {
    const token = byteAt(bytes, at++)
    let literals = token >> 4
    if (literals === LONG) {
      const end = endOfLength(bytes, at, to)
      literals += lengthIn(bytes, at, end)
      at = end
    }
    at += literals
    length += literals
    if (at === to) return length
    if (at + 2 > to) break
    const distance = byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8)
    if (distance === 0 || distance > length) {
      throw unreadableLz4(`a match at byte ${at} reaches ${distance} bytes back: expected 1 to ${length}`)
    }
    at += 2
    length += (token & LONG) + MIN_MATCH
    if ((token & LONG) === LONG) {
      const end = endOfLength(bytes, at, to)
      length += lengthIn(bytes, at, end)
      at = end
    }
  }
  throw unreadableLz4(`the block at byte ${from} ends within a sequence: expected its end at byte ${to}`)
}

/** Unpacks a measured block to `out` from `start` on. */
export const copyLz4Block = (bytes: Buffer, from: number, to: number, out: Buffer, start: number): void => {
  let at = from
  let end = start
  while (at < to) {
    const token = byteAt(bytes, at++)
    let literals = token >> 4
    if (literals === LONG) {
      const lengthEnd = endOfLength(bytes, at, to)
      literals += lengthIn(bytes, at, lengthEnd)
      at = lengthEnd
    }
    if (literals > SHORT_COPY) bytes.copy(out, end, at, at + literals)
    else for (let i = 0; i < literals; i++) out[end + i] = byteAt(bytes, at + i)
    at += literals
    end += literals
    if (at >= to) return
    const distance = byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8)
    at += 2
    let match = (token & LONG) + MIN_MATCH
    if ((token & LONG) === LONG) {
      const lengthEnd = endOfLength(bytes, at, to)
      match += lengthIn(bytes, at, lengthEnd)
      at = lengthEnd
    }
    copyMatch(out, end, distance, match)
    end += match
  }
}

/** A match may reach into itself: then it repeats its first `distance` bytes. */
const copyMatch = (out: Buffer, end: number, distance: number, length: number): void => {
  if (length > SHORT_COPY && distance === 1) out.fill(byteAt(out, end - 1), end, end + length)
  else if (length > SHORT_COPY && distance >= length) out.copyWithin(end, end - distance, end - distance + length)
  else for (let i = 0; i < length; i++) out[end + i] = byteAt(out, end + i - distance)
}

export const unreadableLz4 = (why: string): RocketError => decodeFailed(`the body is not readable LZ4: ${why}`)

/** Where a long length ends: behind the first byte that is not 255. */
const endOfLength = (bytes: Buffer, from: number, to: number): number => {
  let at = from
  while (at < to && bytes[at] === 255) at++
  if (at >= to)
    throw unreadableLz4(`a length at byte ${from} runs out of its block: expected its end before byte ${to}`)
  return at + 1
}

const lengthIn = (bytes: Buffer, from: number, end: number): number => 255 * (end - 1 - from) + byteAt(bytes, end - 1)

// callers stay within the buffer, and a function this small is inlined
const byteAt = (bytes: Buffer, at: number): number => bytes[at] as number
