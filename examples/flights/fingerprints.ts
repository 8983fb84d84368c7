import { createHash } from 'node:crypto'
import type { Codec } from 'rocketmq-rxjs'

/** A codec that also remembers, for every value, a fingerprint of the bytes it became or was made of. */
export const withFingerprints = <T extends object>(codec: Codec<T>) => {
  const prints = new WeakMap<T, number>()
  const remember = (value: T, body: Uint8Array): void => {
    prints.set(value, fingerprint(body))
  }
  return {
    codec: {
      name: codec.name,
      encode: (value: T): Uint8Array => {
        const body = codec.encode(value)
        remember(value, body)
        return body
      },
      decode: (body: Uint8Array): T => {
        const value = codec.decode(body)
        remember(value, body)
        return value
      },
    },
    fingerprintOf: (value: T): number => prints.get(value) ?? Number.NaN,
  }
}

/** The first 48 bits of SHA-256: as many as a number holds with room for adding two of them. */
const fingerprint = (body: Uint8Array): number => createHash('sha256').update(body).digest().readUIntBE(0, 6)

/**
 * One checksum of many bodies in any order: the sum of their fingerprints, modulo 2^48. Unlike XOR, a sum also notices a
 * body that came twice.
 */
export const checksum = (fingerprints: Iterable<number>): string => {
  let sum = 0
  for (const print of fingerprints) sum = (sum + print) % 2 ** 48
  return sum.toString(16).padStart(12, '0')
}
