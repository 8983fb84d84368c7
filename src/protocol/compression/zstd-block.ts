import { bitsOf, byteWithin, takeBits, unreadableZstd } from './zstd-bits.ts'
import type { Bits } from './zstd-bits.ts'
import { constantTable, fseTable, readFseTable } from './zstd-fse.ts'
import type { FseTable } from './zstd-fse.ts'
import type { HuffmanTable } from './zstd-huffman.ts'
import { readZstdLiterals } from './zstd-literals.ts'

/** Of literal lengths, offsets and match lengths. */
type SequenceTables = readonly [FseTable, FseTable, FseTable]

/** What blocks of one frame hand on to the next, and what they have made so far. */
export interface ZstdState {
  readonly out: Buffer
  /** End of what is made, and start of the frame: matches reach back to it. */
  length: number
  huffman: HuffmanTable | undefined
  tables: SequenceTables | undefined
  /** Where the block begins that is being unpacked. */
  blockAt: number
  /** The last three offsets. */
  offsets: [number, number, number]
}

/** One of the three codes of a sequence: literal length, offset, match length. */
interface Code {
  readonly maxSymbol: number
  readonly maxLog: number
  readonly predefined: FseTable
}

const LITERAL_LENGTH: Code = {
  maxSymbol: 35,
  maxLog: 9,
  predefined: fseTable(
    [4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1],
    6,
  ),
}
const OFFSET: Code = {
  maxSymbol: 31,
  maxLog: 8,
  predefined: fseTable([1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1], 5),
}
const MATCH_LENGTH: Code = {
  maxSymbol: 52,
  maxLog: 9,
  predefined: fseTable([1, 4, 3, 2, 2, 2, 2, 2, 2, ...Array<number>(37).fill(1), ...Array<number>(7).fill(-1)], 6),
}

const CODES = [LITERAL_LENGTH, OFFSET, MATCH_LENGTH] as const
/** Where the table of a code comes from; 3 repeats the one before. */
const MODE = { PREDEFINED: 0, CONSTANT: 1, DESCRIBED: 2 } as const

/** How many bits follow a code; they add to a base, which is the first length that the codes before cannot say. */
const LITERAL_LENGTH_BITS = Array<number>(16)
  .fill(0)
  .concat([1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])
const MATCH_LENGTH_BITS = Array<number>(32)
  .fill(0)
  .concat([1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])
const basesOf = (bits: readonly number[], first: number): readonly number[] => {
  let base = first
  return bits.map(width => {
    const own = base
    base += 2 ** width
    return own
  })
}
const LITERAL_LENGTH_BASES = basesOf(LITERAL_LENGTH_BITS, 0)
const MATCH_LENGTH_BASES = basesOf(MATCH_LENGTH_BITS, 3)

/**
 * Unpacks one compressed block behind what the frame has made so far, never past `limit`. Work is bounded with it: every
 * sequence makes at least three bytes. Throws `ERR_RMQ_DECODE` for whatever does not add up, or would pass the limit.
 */
export const decodeZstdBlock = (bytes: Buffer, start: number, end: number, state: ZstdState, limit: number): void => {
  state.blockAt = start
  const { literals, end: literalsEnd } = readZstdLiterals(bytes, start, end, state, limit - state.length)
  const { count, at } = sequenceCount(bytes, literalsEnd, end)
  if (count === 0 && at !== end) throw unreadableZstd(at, 'the end of a block without sequences')
  const used = count === 0 ? 0 : runSequences(bytes, at, end, count, state, literals, limit)
  copyLiterals(literals, used, literals.length, state, limit)
}

const sequenceCount = (bytes: Buffer, start: number, end: number): { readonly count: number; readonly at: number } => {
  const first = byteWithin(bytes, start, end)
  if (first < 128) return { count: first, at: start + 1 }
  const second = byteWithin(bytes, start + 1, end)
  if (first < 255) return { count: ((first - 128) << 8) | second, at: start + 2 }
  return { count: second + (byteWithin(bytes, start + 2, end) << 8) + 0x7f00, at: start + 3 }
}

/** Makes what the sequences say, and tells how many literals they used. */
const runSequences = (
  bytes: Buffer,
  start: number,
  end: number,
  count: number,
  state: ZstdState,
  literals: Buffer,
  limit: number,
): number => {
  const { tables, at } = readTables(bytes, start, end, state)
  const [literalTable, offsetTable, matchTable] = tables
  state.tables = tables
  const bits = bitsOf(bytes, at, end)
  let literalState = takeBits(bits, literalTable.log)
  let offsetState = takeBits(bits, offsetTable.log)
  let matchState = takeBits(bits, matchTable.log)
  let used = 0
  for (let left = count; left > 0; left--) {
    const offsetCode = symbolOf(offsetTable, offsetState)
    const matchCode = symbolOf(matchTable, matchState)
    const literalCode = symbolOf(literalTable, literalState)
    const offsetValue = 2 ** offsetCode + takeBits(bits, offsetCode)
    const matchLength = lengthOf(MATCH_LENGTH_BASES, matchCode) + takeBits(bits, lengthOf(MATCH_LENGTH_BITS, matchCode))
    const literalLength =
      lengthOf(LITERAL_LENGTH_BASES, literalCode) + takeBits(bits, lengthOf(LITERAL_LENGTH_BITS, literalCode))
    if (left > 1) {
      literalState = nextState(literalTable, literalState, bits)
      matchState = nextState(matchTable, matchState, bits)
      offsetState = nextState(offsetTable, offsetState, bits)
    }
    copyLiterals(literals, used, used + literalLength, state, limit)
    used += literalLength
    copyMatch(nextOffset(state, offsetValue, literalLength), matchLength, state, limit)
  }
  if (bits.position !== 0) throw unreadableZstd(at, 'as many bits as the sequences of a block need')
  return used
}

const readTables = (
  bytes: Buffer,
  start: number,
  end: number,
  state: ZstdState,
): { readonly tables: SequenceTables; readonly at: number } => {
  const modes = byteWithin(bytes, start, end)
  let at = start + 1
  const tables = CODES.map((code, position) => {
    const mode = (modes >> (6 - 2 * position)) & 3
    if (mode === MODE.PREDEFINED) return code.predefined
    if (mode === MODE.CONSTANT) {
      const symbol = byteWithin(bytes, at++, end)
      if (symbol > code.maxSymbol) throw unreadableZstd(at - 1, `a sequence code of at most ${code.maxSymbol}`)
      return constantTable(symbol)
    }
    if (mode === MODE.DESCRIBED) {
      const read = readFseTable(bytes, at, end, code.maxSymbol, code.maxLog)
      at = read.end
      return read.table
    }
    const before = state.tables?.[position]
    if (before === undefined) throw unreadableZstd(start, 'a table, where a block repeats one that there is not')
    return before
  })
  return { tables: tables as unknown as SequenceTables, at } // as many as there are codes
}

/** What an offset value means: 1 to 3 repeat an earlier offset, which then becomes the last one. */
const nextOffset = (state: ZstdState, value: number, literalLength: number): number => {
  const [first, second, third] = state.offsets
  if (value > 3) {
    state.offsets = [value - 3, first, second]
    return value - 3
  }
  // without literals the last offset would only prolong the match before: the numbers move up by one
  const which = literalLength === 0 ? value : value - 1
  if (which === 0) return first
  if (which === 1) {
    state.offsets = [second, first, third]
    return second
  }
  const offset = which === 2 ? third : first - 1
  state.offsets = [offset, first, second]
  return offset
}

const copyLiterals = (literals: Buffer, from: number, to: number, state: ZstdState, limit: number): void => {
  if (to > literals.length)
    throw unreadableZstd(state.blockAt, `sequences that use at most the ${literals.length} literals of the block`)
  if (state.length + to - from > limit) throw makesTooMuch(state, limit)
  literals.copy(state.out, state.length, from, to)
  state.length += to - from
}

const copyMatch = (offset: number, length: number, state: ZstdState, limit: number): void => {
  const { out, length: end } = state
  if (offset < 1 || offset > end) {
    throw unreadableZstd(state.blockAt, `matches that reach at most ${end} bytes back, not ${offset}, in the block`)
  }
  if (end + length > limit) throw makesTooMuch(state, limit)
  if (offset >= length) out.copyWithin(end, end - offset, end - offset + length)
  else if (offset === 1) out.fill(out[end - 1] as number, end, end + length)
  else for (let i = 0; i < length; i++) out[end + i] = out[end + i - offset] as number // within what is made
  state.length = end + length
}

const makesTooMuch = (state: ZstdState, limit: number) =>
  unreadableZstd(state.blockAt, `a content of at most ${limit} bytes up to the end of the block`)

const symbolOf = (table: FseTable, state: number): number => table.symbols[state] as number // states have `log` bits

const nextState = (table: FseTable, state: number, bits: Bits): number =>
  (table.bases[state] as number) + takeBits(bits, table.bits[state] as number) // states have `log` bits

const lengthOf = (lengths: readonly number[], code: number): number => lengths[code] as number // tables have no other codes
