import { deflateRawSync, inflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  availableCompressions,
  compressBody,
  compressionFlags,
  compressorFor,
  deflateBody,
} from '../../src/protocol/compression/compress.ts'
import type { Compressor } from '../../src/protocol/compression/compress.ts'
import { decompressBody } from '../../src/protocol/compression/decompress.ts'
import { bodyCrc } from '../../src/protocol/hashes.ts'
import { compressionOf } from '../../src/protocol/sys-flags.ts'
import { packZstdWithNode } from '../../src/protocol/compression/zstd-node.ts'
import { thrownBy } from '../support/failure.ts'
import { FAST_BLOCKS } from '../support/zstd-samples.ts'

const ZLIB = compressionFlags('zlib')
const MIB = 1_048_576
const ILLEGAL = expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL' }) as unknown

describe('compressing a body', () => {
  it('gives zlib of level 5, as Java writes it', () => {
    const body = Buffer.from('a'.repeat(64))
    expect(deflateBody(body).toString('hex')).toBe('785e4b4ca40c0000148d1841')
    expect(compressBody(body, compressorFor('zlib')).toString('hex')).toBe('785e4b4ca40c0000148d1841')
  })

  it('can be undone at every level', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), fc.integer({ min: 1, max: 9 }), (content, level) => {
        const body = Buffer.from(content)
        const compressed = deflateBody(body, level)
        expect(bodyCrc(inflateSync(compressed))).toBe(bodyCrc(body))
        expect(decompressBody(compressed, ZLIB, 5000).equals(body)).toBe(true)
      }),
    )
  })

  it('has a header that says zlib: a raw stream is not readable', () => {
    expect(() => decompressBody(deflateRawSync(Buffer.from('hello')), ZLIB, MIB)).toThrow('expected one whole stream')
  })

  it.each(availableCompressions())('as %s says so in its flags, and leaves the body as it was', type => {
    const body = Buffer.from('a message like any other, '.repeat(300))
    const before = Buffer.from(body)
    const compressed = compressBody(body, compressorFor(type))
    expect(compressed.length).toBeLessThan(body.length / 10)
    expect(compressionOf(compressionFlags(type))).toBe(type)
    expect(decompressBody(compressed, compressionFlags(type), body.length).equals(before)).toBe(true)
    expect(body.equals(before)).toBe(true)
  })

  it.each([
    ['zlib', 0, 'expected 1 to 9'],
    ['zlib', 10, 'expected 1 to 9'],
    ['zlib', 1.5, 'expected 1 to 9'],
  ] as const)('as %s has no level %d', (type, level, expected) => {
    expect(() => compressBody(Buffer.from('x'), compressorFor(type), level)).toThrow(ILLEGAL)
    expect(() => compressBody(Buffer.from('x'), compressorFor(type), level)).toThrow(expected)
  })

  it('as LZ4 is the same at any level, as in the official client', () => {
    const body = Buffer.from('abc'.repeat(100))
    expect(compressBody(body, compressorFor('lz4'), 99).equals(compressBody(body, compressorFor('lz4'), 1))).toBe(true)
  })
})

describe('zstd', () => {
  it('is written by Node where Node can, and said to be available then', () => {
    expect(availableCompressions().includes('zstd')).toBe(packZstdWithNode !== null)
    expect(availableCompressions(undefined)).toEqual(availableCompressions())
    const pack = (_body: Uint8Array, level: number) => Buffer.from(`packed at ${level}`)
    expect(availableCompressions(pack)).toEqual(['zlib', 'lz4', 'zstd'])
    expect(compressBody(Buffer.from('x'), compressorFor('zstd', pack), 22).toString()).toBe('packed at 22')
    expect(() => compressBody(Buffer.from('x'), compressorFor('zstd', pack), 23)).toThrow('expected 1 to 22')
  })

  it('is refused with what to do where Node cannot write it', () => {
    expect(availableCompressions(null)).toEqual(['zlib', 'lz4'])
    const error = thrownBy(() => compressorFor('zstd', null))
    expect(error).toMatchObject({ code: 'ERR_RMQ_ILLEGAL', sent: 'no', retriable: false })
    expect(error.message).toContain('22.15')
    expect(error.advice).toMatch(/newer Node.*Compressor.*lz4 or zlib/)
  })
})

describe("a user's compressor", () => {
  const fixed = (compress: Compressor['compress']): Compressor => ({ type: 'zstd', compress })

  it('writes what Node cannot, at any level it likes', () => {
    const seen: unknown[] = []
    const compressor = fixed((body, level) => {
      seen.push(body.toString(), level)
      return FAST_BLOCKS.bytes
    })
    expect(compressorFor(compressor)).toBe(compressor)
    const compressed = compressBody(Buffer.from('x'), compressorFor(compressor), 99)
    expect(seen).toEqual(['x', 99])
    expect(decompressBody(compressed, compressionFlags('zstd'), MIB)).toHaveLength(FAST_BLOCKS.length)
  })

  it.each([
    ['throws', () => { throw new Error('out of order') }, /cannot encode a body as zstd: out of order/], // prettier-ignore
    ['gives text', () => 'text' as unknown as Buffer, /the compressor gave no bytes/],
    ['gives a promise', () => Promise.resolve(Buffer.alloc(1)) as unknown as Buffer, /gave no bytes/],
  ] as const)('that %s fails that message with ENCODE', (_how, compress, expected) => {
    const error = thrownBy(() => compressBody(Buffer.from('x'), fixed(compress)))
    expect(error.code).toBe('ERR_RMQ_ENCODE')
    expect(error.message).toMatch(expected)
  })

  it('of a type that no receiver knows is refused at once', () => {
    const gzip = { type: 'gzip', compress: (body: Buffer) => body } as unknown as Compressor
    expect(() => compressorFor(gzip)).toThrow(/"gzip" is no compression: expected zlib, lz4, zstd/)
    expect(() => compressorFor('brotli' as 'zlib')).toThrow(ILLEGAL)
  })
})
