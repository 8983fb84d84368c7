import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isRocketError } from '../../src/errors.ts'
import { decompressBody } from '../../src/protocol/compression/decompress.ts'
import { MESSAGE_FLAG } from '../../src/protocol/sys-flags.ts'

const ZLIB = MESSAGE_FLAG.COMPRESSED | MESSAGE_FLAG.COMPRESSION_ZLIB
const GO_ZLIB = MESSAGE_FLAG.COMPRESSED
const LZ4 = MESSAGE_FLAG.COMPRESSED | MESSAGE_FLAG.COMPRESSION_LZ4
const ZSTD = MESSAGE_FLAG.COMPRESSED | MESSAGE_FLAG.COMPRESSION_ZSTD

const DECODE = expect.objectContaining({ code: 'ERR_RMQ_DECODE' }) as unknown
const TOO_LARGE = expect.objectContaining({ code: 'ERR_RMQ_TOO_LARGE' }) as unknown

const MIB = 1_048_576
const hex = (text: string): Buffer => Buffer.from(text, 'hex')

const JSON_ITEMS = '{"id":1,"name":"item","tags":["a","b"]},'.repeat(60)
const CHINESE = '消息队列😀'.repeat(40)

// written by the official Java 5.3.3 (CompressorFactory.getCompressor(type).compress)
const WRITTEN_BY_JAVA: readonly (readonly [string, number, string, string])[] = [
  ['zlib, short', ZLIB, '785ecb48cdc9c90700062c0215', 'hello'],
  ['zlib, a run', ZLIB, '785e4b4ca40c0000148d1841', 'a'.repeat(64)],
  ['zlib without type bits, as Go announces it', GO_ZLIB, '785e4b4ca40c0000148d1841', 'a'.repeat(64)],
  [
    'zlib, level 9',
    ZLIB,
    '78daab56ca4c51b232d451ca4bcc4d55b252ca2c49cd55d2512a494c2f56b28a564a04b29394626b75aa47d58daa1b5537aa6e54dda8ba5175a3ea46d511a50e00d5e0ac07',
    JSON_ITEMS,
  ],
  ['LZ4, empty', LZ4, '04224d1860707300000000', ''],
  ['LZ4, short', LZ4, '04224d186070730500008068656c6c6f00000000', 'hello'],
  ['LZ4, a run', LZ4, '04224d18607073' + '0b0000001f61010027506161616161' + '00000000', 'a'.repeat(64)],
  [
    'LZ4, a pattern',
    LZ4,
    '04224d186070731d000000ff01e6b688e681afe9989fe58897f09f98801000ffff5a5097f09f988000000000',
    CHINESE,
  ],
  ['ZSTD, empty', ZSTD, '28b52ffd0058010000', ''],
  ['ZSTD, one byte', ZSTD, '28b52ffd005808000061010000', 'a'],
  ['ZSTD, a run', ZSTD, '28b52ffd00584400001061610100930016010000', 'a'.repeat(64)],
  ['ZSTD, a pattern', ZSTD, '28b52ffd0058bc000080e6b688e681afe9989fe58897f09f98800100da4c3597010000', CHINESE],
  [
    'ZSTD, level 1',
    ZSTD,
    '28b52ffd00488c010084027b226964223a312c226e616d65223a226974656d222c2274616773223a5b2261222c2262225d7d2c0100a8c9f25519010000',
    JSON_ITEMS,
  ],
]

// written by other programs and read by the official Java 5.3.3 (CompressorFactory.getCompressor(type).decompress)
const READ_BY_JAVA: readonly (readonly [string, number, string, string])[] = [
  [
    'LZ4 with content checksum and size',
    LZ4,
    '04224d186c40bc02000000000000d0150000009f726f636b65746d71200900ffff9d50636b65746d00000000627264a5',
    'rocketmq '.repeat(78).slice(0, 700),
  ],
  [
    'LZ4 with block checksum',
    LZ4,
    '04224d187040ad150000009f726f636b65746d71200900ffff9d50636b65746d5ef8a08a00000000',
    'rocketmq '.repeat(78).slice(0, 700),
  ],
  ['ZSTD with size and checksum', ZSTD, '28b52ffd240a51000068656c6c6f207a737464cfdb609c', 'hello zstd'],
]

// refused by the official Java 5.3.3
const REFUSED: readonly (readonly [string, number, string, RegExp])[] = [
  [
    'LZ4 whose blocks depend on each other',
    LZ4,
    '04224d184070730500008068656c6c6f00000000',
    /blocks depend on each other/,
  ],
  ['LZ4 that is cut off', LZ4, '04224d186070730500008068656c6c6f00', /LZ4: it is cut off at byte 17/],
  ['what is no LZ4', LZ4, '05224d186070730500008068656c6c6f00000000', /LZ4: no frame begins at byte 0/],
  ['zlib that is cut off', ZLIB, '785ecb48cdc9c9070006', /not readable zlib/],
  ['what is no zlib', ZLIB, '68656c6c6f', /not readable zlib/],
]

describe('a compressed body', () => {
  it.each([...WRITTEN_BY_JAVA, ...READ_BY_JAVA])('is read: %s', (_title, sysFlag, compressed, content) => {
    expect(decompressBody(hex(compressed), sysFlag, MIB).toString()).toBe(content)
  })

  it.each(REFUSED)('is refused by name: %s', (_title, sysFlag, compressed, why) => {
    expect(() => decompressBody(hex(compressed), sysFlag, MIB)).toThrow(DECODE)
    expect(() => decompressBody(hex(compressed), sysFlag, MIB)).toThrow(why)
  })

  it('that LZ4 could not make smaller is read', () => {
    // 300 bytes of noise, by the official Java 5.3.3: its block is stored
    const noise = [
      '9452fc5e181b97f33eb83ecaf806d299c3a4a2a0933f0991be3fef791042a1b0780fb568555a669ba5377d2851ed45301b95',
      '1849870f04617987298946f8dd4c01b214949df116645e86e1c0ffa434013a64691a33a35c39c7996f96e736b57e515c208a',
      '30ac174476bd77532fd91fc64a5b905d576139ee02559d60259d4ee0eee0cc67246612586392ef555439bd74d654a11380d6',
      '4969b098b556cfc59514a02bb1ae42041d13e114ce1ddca75fa7dc92fa5244964dd55d8a8b0fbadef7e7e1bd9647fbb804c8',
      'a3bbfa9211d7f1ee8b213e1d1cfc2e46cda5dc084068e4f337230026a2a318f71c61100314f6994511b8c9fcca816f52eff5',
      '0299b98397d150c809ca5aaf1f48749c8e7d9584a283e795e4dfe6d1c4002e3da382491b599a78a31507ec3fec55f8239ab4',
    ].join('')
    const compressed = hex(`04224d186070732c010080${noise}00000000`)
    expect(decompressBody(compressed, LZ4, 300).toString('hex')).toBe(noise)
    expect(() => decompressBody(compressed, LZ4, 299)).toThrow(TOO_LARGE)
  })

  it('may have no limit', () => {
    expect(decompressBody(hex('785ecb48cdc9c90700062c0215'), ZLIB, Infinity).toString()).toBe('hello')
    expect(decompressBody(hex('28b52ffd005808000061010000'), ZSTD, Infinity).toString()).toBe('a')
  })

  it('of a type that nobody knows is refused', () => {
    expect(() => decompressBody(hex('00'), 0x401, MIB)).toThrow(/compression type 4 is unknown/)
  })

  it('comes back as it is when its flag says that it is not compressed', () => {
    const body = Buffer.from('hello')
    expect(decompressBody(body, MESSAGE_FLAG.COMPRESSION_ZSTD, 1)).toBe(body)
  })

  it.each(WRITTEN_BY_JAVA.filter(([, , , content]) => content.length > 1))(
    'is read when it just fits the limit, and is too large one byte below: %s',
    (_title, sysFlag, compressed, content) => {
      const length = Buffer.byteLength(content)
      expect(decompressBody(hex(compressed), sysFlag, length)).toHaveLength(length)
      expect(() => decompressBody(hex(compressed), sysFlag, length - 1)).toThrow(TOO_LARGE)
      expect(() => decompressBody(hex(compressed), sysFlag, length - 1)).toThrow(`the limit is ${length - 1}`)
    },
  )

  it.each(WRITTEN_BY_JAVA)(
    'that is damaged gives other bytes or a named error, never a crash: %s',
    (_title, sysFlag, compressed) => {
      const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 })
      fc.assert(
        fc.property(edits, fc.option(fc.nat()), (changes, cut) => {
          const bytes = hex(compressed)
          for (const [at, value] of changes) bytes[at % bytes.length] = value
          const damaged = cut === null ? bytes : bytes.subarray(0, cut % bytes.length)
          try {
            expect(decompressBody(damaged, sysFlag, 10_000).length).toBeLessThanOrEqual(10_000)
          } catch (error) {
            if (!isRocketError(error)) throw error
            expect(['ERR_RMQ_DECODE', 'ERR_RMQ_TOO_LARGE']).toContain(error.code)
          }
        }),
        { numRuns: 500 },
      )
    },
  )
})
