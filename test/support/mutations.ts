import fc from 'fast-check'
import { vectorFiles } from './golden.ts'
import type { Vector } from './golden.ts'

/** How to damage bytes: what is done, where, and with which value. */
type Edit = readonly [how: number, at: number, value: number]

/** Which of the seeds, and what is done to it; a seed may also stay as it is. */
export interface Damage {
  readonly seed: number
  readonly edits: readonly Edit[]
}

/** Numbers at which lengths and counts go wrong. */
const INTERESTING = [
  0, 1, 2, 3, -1, -2, 4, 127, 128, 255, 256, 32_767, 32_768, 65_535, 65_536, 0xff_ffff, 0x100_0000, 16_777_212,
  33_554_428, 33_554_432, 0x7fff_ffff, -0x8000_0000, -0x7fff_ffff, 0x1000_0000,
] as const

type How = (bytes: Buffer, at: number, value: number, other: Buffer) => Buffer

const changed = (bytes: Buffer, change: (copy: Buffer) => void): Buffer => {
  const copy = Buffer.from(bytes)
  change(copy)
  return copy
}

const flipBit: How = (bytes, at, value) =>
  changed(bytes, copy => {
    copy[at] = (copy[at] ?? 0) ^ (1 << (value & 7))
  })
const setByte: How = (bytes, at, value) =>
  changed(bytes, copy => {
    copy[at] = value
  })
/** As an absolute number, or a little off from what stands there. */
const setInt32: How = (bytes, at, value) =>
  changed(bytes, copy => {
    if (at + 4 > copy.length) return
    const near = (copy.readInt32BE(at) + (value % 9)) | 0
    copy.writeInt32BE((value & 16) === 0 ? near : (INTERESTING[(value >>> 8) % INTERESTING.length] ?? 0), at)
  })
const setInt16: How = (bytes, at, value) =>
  changed(bytes, copy => {
    if (at + 2 <= copy.length) copy.writeInt16BE((value << 16) >> 16, at)
  })
const truncate: How = (bytes, at) => bytes.subarray(0, at)
const duplicate: How = (bytes, at, value) => {
  const piece = bytes.subarray(at, at + 1 + ((value >>> 3) & 63))
  return Buffer.concat([bytes.subarray(0, at), ...Array<Buffer>(1 + (value & 7)).fill(piece), bytes.subarray(at)])
}
const cutOut: How = (bytes, at, value) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + (value & 63))])
/** The beginning of this and the end of another. */
const splice: How = (bytes, at, value, other) =>
  Buffer.concat([bytes.subarray(0, at), other.subarray((value >>> 1) % (other.length + 1))])

const HOWS: readonly How[] = [flipBit, setByte, setInt32, setInt32, setInt16, truncate, duplicate, cutOut, splice]

/** One to four edits of one of the seeds: as cheap to make as damage can be. */
export const damageOf = (seeds: readonly Buffer[]): fc.Arbitrary<Damage> =>
  fc.record(
    {
      seed: fc.nat(seeds.length - 1),
      edits: fc.array(fc.tuple(fc.nat(HOWS.length - 1), fc.nat(), fc.integer()), { minLength: 1, maxLength: 4 }),
    },
    { noNullPrototype: true },
  )

/** The seed after all edits. */
export const damaged = (seeds: readonly Buffer[], { seed, edits }: Damage): Buffer => {
  let bytes = seedAt(seeds, seed)
  for (const [how, at, value] of edits) {
    const edit = HOWS[how] ?? flipBit
    bytes = edit(bytes, at % (bytes.length + 1), value, seedAt(seeds, Math.abs(value) % seeds.length))
  }
  return bytes
}

const seedAt = (seeds: readonly Buffer[], index: number): Buffer => {
  const seed = seeds[index]
  if (seed === undefined) throw new Error(`there is no seed ${index}`)
  return seed
}

/** Larger seeds cost time and say nothing new. */
const MAX_SEED_BYTES = 2_000

/** What a member of the golden vectors of some files holds, as bytes. */
export const goldenSeeds = (
  files: RegExp,
  bytesOf: (vector: Vector) => Buffer | undefined = hexOf,
): readonly Buffer[] => {
  const seeds = vectorFiles()
    .filter(({ file }) => files.test(file))
    .flatMap(({ vectors }) => vectors.map(bytesOf))
    .filter(bytes => bytes !== undefined && bytes.length <= MAX_SEED_BYTES) as Buffer[]
  if (seeds.length === 0) throw new Error(`no golden file matches ${String(files)}`)
  return seeds
}

const hexOf = ({ hex }: Vector): Buffer | undefined =>
  typeof hex === 'string' && hex !== '' ? Buffer.from(hex, 'hex') : undefined
