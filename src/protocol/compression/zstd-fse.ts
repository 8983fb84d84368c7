import { peekBits, unreadableZstd } from './zstd-bits.ts'

/** A finite state table: every state names a symbol, and how to get to the next state. */
export interface FseTable {
  /** Bits of the first state. */
  readonly log: number
  readonly symbols: Uint8Array
  readonly bits: Uint8Array
  readonly bases: Uint16Array
}

/** The table whose states appear in these proportions; -1 stands for "less than one". They add up to 2^log. */
export const fseTable = (counts: readonly number[], log: number): FseTable => {
  const size = 1 << log
  const symbols = new Uint8Array(size)
  let high = size
  counts.forEach((count, symbol) => {
    if (count === -1) symbols[--high] = symbol
  })
  const step = (size >> 1) + (size >> 3) + 3
  let place = 0
  counts.forEach((count, symbol) => {
    for (let i = 0; i < count; i++) {
      symbols[place] = symbol
      do place = (place + step) & (size - 1)
      while (place >= high)
    }
  })
  const next = counts.map(Math.abs)
  const bits = new Uint8Array(size)
  const bases = new Uint16Array(size)
  symbols.forEach((symbol, state) => {
    const count = next[symbol] ?? 0
    next[symbol] = count + 1
    const width = log - (31 - Math.clz32(count))
    bits[state] = width
    bases[state] = (count << width) - size
  })
  return { log, symbols, bits, bases }
}

/** The table that has one symbol and needs no bits. */
export const constantTable = (symbol: number): FseTable => ({
  log: 0,
  symbols: Uint8Array.of(symbol),
  bits: new Uint8Array(1),
  bases: new Uint16Array(1),
})

/** Reads the description of a table, and says where it ends. */
export const readFseTable = (
  bytes: Buffer,
  start: number,
  end: number,
  maxSymbol: number,
  maxLog: number,
): { readonly table: FseTable; readonly end: number } => {
  const limit = 8 * end
  let position = 8 * start
  const log = peekBits(bytes, position, 4) + 5
  if (log > maxLog) throw unreadableZstd(start, `a table of at most ${maxLog} bits of accuracy, not ${log},`)
  position += 4
  const counts: number[] = []
  let left = 1 << log
  while (left > 0 && counts.length <= maxSymbol && position < limit) {
    const width = 32 - Math.clz32(left + 1)
    const shorter = (1 << width) - 2 - left
    const low = peekBits(bytes, position, width - 1)
    const whole = peekBits(bytes, position, width)
    position += low < shorter ? width - 1 : width
    const value = low < shorter ? low : whole < 1 << (width - 1) ? whole : whole - shorter
    counts.push(value - 1)
    left -= Math.abs(value - 1)
    for (let repeats = value === 1 ? 3 : 0; repeats === 3 && position < limit; position += 2) {
      repeats = peekBits(bytes, position, 2)
      for (let i = 0; i < repeats; i++) counts.push(0)
    }
  }
  if (left !== 0 || position > limit || counts.length > maxSymbol + 1) {
    throw unreadableZstd(start, 'a table that adds up')
  }
  return { table: fseTable(counts, log), end: (position + 7) >> 3 }
}
