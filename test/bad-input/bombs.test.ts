import { deflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { decodeTopicRoute } from '../../src/protocol/bodies/bodies.ts'
import { compressionFlags } from '../../src/protocol/compression/compress.ts'
import type { CompressionType } from '../../src/protocol/compression/compress.ts'
import { cutFrames, MAX_READ_FRAME_BYTES, NOTHING } from '../../src/protocol/frames/cut-frames.ts'
import { decompressBody } from '../../src/protocol/compression/decompress.ts'
import { decodeFrame } from '../../src/protocol/frames/frame-codec.ts'
import { readLenientJson } from '../../src/protocol/lenient-json.ts'
import { compressLz4 } from '../../src/protocol/compression/lz4-compress-frame.ts'
import { publishQueues } from '../../src/protocol/bodies/routes.ts'
import { decompressZstdHere } from '../../src/protocol/compression/zstd-frame.ts'
import { failureOf, thrownBy } from '../support/failure.ts'

const MIB = 1_048_576
const LIMIT = 4 * MIB
/** What is taken on the way beyond the limit: a block, and pieces of Node's own. */
const SPARE = 2 * MIB
const HUGE = 128 * MIB

/** Memory outside of the heap, that of all buffers among it. */
const taken = (): number => process.memoryUsage().external

/** Frames of zstd: magic, descriptor, window of this many bytes as a power of two, blocks. */
const zstdFrame = (windowLog: number, ...blocks: readonly Buffer[]): Buffer =>
  Buffer.concat([Buffer.from('28b52ffd00', 'hex'), Buffer.from([(windowLog - 10) << 3]), ...blocks])

const zstdBlock = (kind: number, size: number, content: Buffer, last = true): Buffer => {
  const header = Buffer.alloc(3)
  header.writeUIntLE((last ? 1 : 0) | (kind << 1) | (size << 3), 0, 3)
  return Buffer.concat([header, content])
}

/** Repeats a byte as often as a block may. */
const repeated = (last: boolean): Buffer => zstdBlock(1, 131_072, Buffer.from('z'), last)
/** One literal of its own and no sequences: a compressed block, so that nobody knows how long it becomes. */
const compressedLetter = zstdBlock(2, 3, Buffer.from([1 << 3, 0x7a, 0]))

const BOMBS: readonly (readonly [string, CompressionType, () => Buffer])[] = [
  ['zlib of zeros', 'zlib', () => deflateSync(Buffer.alloc(HUGE))],
  ['LZ4 of zeros', 'lz4', () => compressLz4(Buffer.alloc(HUGE))],
  [
    'zstd of repeated blocks',
    'zstd',
    () => zstdFrame(17, ...Array.from({ length: 1_024 }, (_, n) => repeated(n === 1_023))),
  ],
]

describe('a small body that becomes a large one', () => {
  it.each(BOMBS)('%s is refused at the limit and takes no more memory than that', (_what, type, make) => {
    const bomb = make()
    expect(bomb.length).toBeLessThan(MIB)
    const before = taken()
    const error = thrownBy(() => decompressBody(bomb, compressionFlags(type), LIMIT))
    expect(taken() - before).toBeLessThan(LIMIT + SPARE)
    expect(error.code).toBe('ERR_RMQ_TOO_LARGE')
    expect(error.message).toContain(`the limit is ${LIMIT}`)
  })

  it.each(['zlib', 'lz4', 'zstd'] as const)('%s of nothing is nothing, even where nothing is allowed', type => {
    const nothing = {
      zlib: deflateSync(Buffer.alloc(0)),
      lz4: compressLz4(Buffer.alloc(0)),
      zstd: zstdFrame(17, zstdBlock(0, 0, Buffer.alloc(0))),
    }[type]
    expect(decompressBody(nothing, compressionFlags(type), 0)).toHaveLength(0)
    const letter = {
      zlib: deflateSync(Buffer.from('z')),
      lz4: compressLz4(Buffer.from('z')),
      zstd: zstdFrame(17, compressedLetter),
    }[type]
    expect(decompressBody(letter, compressionFlags(type), 1).toString()).toBe('z')
    expect(thrownBy(() => decompressBody(letter, compressionFlags(type), 0)).code).toBe('ERR_RMQ_TOO_LARGE')
  })
})

describe('zstd', () => {
  const readers = [
    [
      'with the help of Node where it has it',
      (bytes: Buffer) => decompressBody(bytes, compressionFlags('zstd'), LIMIT),
    ],
    ['without help', (bytes: Buffer) => decompressZstdHere(bytes, LIMIT)],
  ] as const

  it.each(readers)('of very many frames of one byte each takes little memory: %s', (_how, read) => {
    const frames = Buffer.concat(Array<Buffer>(30_000).fill(zstdFrame(17, compressedLetter)))
    const before = taken()
    expect(read(frames)).toHaveLength(30_000)
    // a window for each would be 3.7 GiB; what is garbage already V8 may leave until there are about 64 MiB of it
    expect(taken() - before).toBeLessThan(HUGE)
  })

  it.each(readers)('that announces a window of 2 GiB for one byte takes none of that: %s', (_how, read) => {
    const before = taken()
    expect(read(zstdFrame(31, compressedLetter)).toString()).toBe('z')
    expect(taken() - before).toBeLessThan(SPARE)
  })
})

it.each([
  ['zlib', deflateSync(Buffer.from('z'))],
  ['lz4', compressLz4(Buffer.from('z'))],
  ['zstd', zstdFrame(17, compressedLetter)],
] as const)('a body of one byte that was %s keeps little memory alive', (type, bytes) => {
  const bodies = Array.from({ length: 1_000 }, () => decompressBody(bytes, compressionFlags(type), LIMIT))
  const buffers = new Set(bodies.map(body => body.buffer))
  expect([...buffers].reduce((sum, buffer) => sum + buffer.byteLength, 0)).toBeLessThan(MIB)
})

describe('JSON', () => {
  const deep = (open: string, close: string) => open.repeat(200_000) + '1' + close.repeat(200_000)
  it.each([
    ['lists', deep('[', ']')],
    ['objects', deep('{"a":', '}')],
    ['bare keys', deep('{a:', '}')],
    ['keys that are objects', deep('{', ':1}')],
    ['lists without end', '['.repeat(5_000_000)],
  ])('that is nested too deeply is refused with the place: %s', (_what, text) => {
    const error = thrownBy(() => readLenientJson(text))
    expect(error).toMatchObject({ code: 'ERR_RMQ_DECODE' })
    expect(error.message).toMatch(/expected nesting within 512 levels at character \d+ of \d+/)
  })

  it.each([
    ['lists', `[${'[],'.repeat(3_000_000)}[]]`],
    ['numbers', `[${'1,'.repeat(3_000_000)}1]`],
    ['members', `{${'"a":1,'.repeat(2_000_000)}"a":1}`],
  ])('of millions of %s is refused before it takes a hundred times its own memory', (_what, text) => {
    expect(thrownBy(() => readLenientJson(text)).message).toMatch(/expected at most 1000000 values at character \d+ of/)
  })

  it('of a frame header is bounded in the same way', () => {
    for (const text of [`{"extFields":{"a":${deep('[', ']')}}}`, `{"x":[${'[],'.repeat(2_000_000)}[]]}`]) {
      const header = Buffer.from(text)
      const frame = Buffer.alloc(4 + header.length)
      frame.writeInt32BE(header.length)
      header.copy(frame, 4)
      const error = thrownBy(() => decodeFrame(frame))
      expect(error).toMatchObject({ code: 'ERR_RMQ_PROTOCOL' })
      expect(error.message).toMatch(/^a JSON header cannot be read: JSON: expected .* at character \d+ of \d+/)
    }
  })

  it('may hold texts as long as it is, of any characters', () => {
    const text = '[{,}]9999999999999999999'.repeat(400_000)
    expect(readLenientJson(JSON.stringify({ text }))).toEqual({ text })
  })
})

describe('a route', () => {
  const routeOf = (queueDatas: readonly object[], more: object = {}) =>
    Buffer.from(
      JSON.stringify({
        brokerDatas: [{ brokerName: 'a', cluster: 'c', brokerAddrs: { 0: 'a:1' } }],
        queueDatas,
        ...more,
      }),
    )
  const queues = { brokerName: 'a', readQueueNums: 65_536, writeQueueNums: 65_536, perm: 6 }

  it('of more queues than any topic has is refused, however they are told', () => {
    expect(() => decodeTopicRoute(routeOf([queues, queues]))).toThrow(
      /queueDatas: expected at most 65536 queues in all/,
    )
    const mapping = (scope: string) => ({ scope, totalQueues: 40_000 })
    const mappings = { topicQueueMappingByBroker: { a: mapping('x'), b: mapping('y') } }
    expect(() => decodeTopicRoute(routeOf([], mappings))).toThrow(/ByBroker: expected at most 65536 queues in all/)
    const ordered = decodeTopicRoute(routeOf([], { orderTopicConf: 'a:40000;b:40000' }))
    expect(() => publishQueues('t', ordered)).toThrow(/expected brokers with a queue count, 65536 in all/)
  })

  it('of a static topic counts the queues of a scope once, on however many brokers they are', () => {
    const mapping = { scope: 'x', totalQueues: 40_000 }
    const route = decodeTopicRoute(routeOf([], { topicQueueMappingByBroker: { a: mapping, b: mapping } }))
    expect(publishQueues('t', route)).toHaveLength(40_000)
  })
})

it('a frame that is only announced takes no memory, on however many connections', () => {
  const prefix = Buffer.alloc(4)
  prefix.writeInt32BE(MAX_READ_FRAME_BYTES - 4)
  const before = taken()
  const carries = Array.from(
    { length: 10_000 },
    () => cutFrames(NOTHING, Buffer.concat([prefix, Buffer.from('{')])).carry,
  )
  expect(carries.every(({ wanted }) => wanted === MAX_READ_FRAME_BYTES - 4)).toBe(true)
  expect(taken() - before).toBeLessThan(SPARE)
})

it('is a test that notices when memory is taken', async () => {
  const before = taken()
  const kept = Buffer.alloc(8 * MIB)
  expect(taken() - before).toBeGreaterThanOrEqual(kept.length)
  await expect(failureOf(Promise.resolve())).rejects.toThrow('a failure was expected')
})
