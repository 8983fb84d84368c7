import fc from 'fast-check'
import Long from 'long'

/** Any 64-bit number. */
export const aLong = fc
  .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
  .map(value => Long.fromString(value.toString()))

/** Any 32-bit number. */
export const anInt = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })

/** Some characters without a blank. */
export const aWord = fc.string({ unit: 'grapheme', minLength: 1 }).map(text => text.replaceAll(' ', '_'))
