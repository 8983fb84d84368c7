import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isRocketError } from '../../src/errors.ts'
import { compileSql92 } from '../../src/embedded/sql92.ts'
import { FAILED } from '../../src/embedded/sql92-values.ts'

// What an expression means is written down in test/golden/sql92-filter.json, by the official broker itself.

const MS = 1_500

describe('an SQL92 expression that cannot be read', () => {
  it.each([
    ['', 'expected a value, not the end at character 1'],
    ['a >', 'expected a value, not the end at character 4'],
    ["a > 'x'", 'only numbers and properties can be more or less at character 3'],
    ['a = NULL', 'nothing equals NULL, write IS NULL at character 3'],
    ['TRUE = 1', 'TRUE and FALSE equal no text and no number at character 6'],
    ['b = 2 AND 5', 'expected a condition, not a value at character 11'],
    ['a IN (1)', 'expected a text in quotes, not "1" at character 7'],
    ["'x' IN ('x')", 'the left side of IN is no property at character 5'],
    ['a BETWEEN 5 AND 1', 'the first bound of BETWEEN is above the second at character 3'],
    ['a NOT 5', 'expected BETWEEN, IN, CONTAINS, STARTSWITH or ENDSWITH, not "5" at character 7'],
    ['a IS TRUE', 'expected NULL, not "TRUE" at character 6'],
    ['a < 9223372036854775808', 'the number is beyond 64 bits at character 5'],
    ['a > 0.0', 'the number is none that a double above 0 can hold at character 5'],
    ['(a = 1', 'expected ), not the end at character 7'],
    ['a = 1 # 2', '"#" begins no word at character 7'],
    ["a = 'x", '"\'" begins no word at character 5'],
    ["a = '" + 'x'.repeat(20_000) + "'", 'an SQL92 expression has at most 16384 characters, not 20006'],
  ])('is refused and says where: %s', (expression, message) => {
    expect(() => compileSql92(expression)).toThrow(
      expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL', message: expect.stringContaining(message) as string }),
    )
  })

  it.each([
    ['parentheses', '('.repeat(8_000)],
    ['closed parentheses', `${'('.repeat(4_000)}a = 1${')'.repeat(4_000)}`],
    ['signs', `${'+'.repeat(8_000)}1 = 1`],
    ['minus signs', `${'- '.repeat(4_000)}1 = 1`],
    ['NOT', `${'NOT '.repeat(4_000)}a`],
    ['comparisons', `a${' = a'.repeat(4_000)}`],
    ['questions for NULL', `a${' IS NULL'.repeat(2_000)}`],
  ])('does not overflow the stack when it is nested deep: %s', (_, expression) => {
    expect(() => compileSql92(expression)).toThrow(
      expect.objectContaining({
        code: 'ERR_RMQ_ILLEGAL',
        message: expect.stringContaining('nested more than 250 deep') as string,
      }),
    )
  })

  it.each([
    '--',
    '/*',
    '/**/',
    "'",
    "''",
    ' ',
    '-',
    '1',
    '.1',
    '1e',
    'a',
    '(',
    'NOT ',
    'a=',
    '1 = 1 AND ',
    '*/',
    "'\n",
  ])('costs no time when it repeats %j as often as it may', piece => {
    for (const end of ['', 'x', "'", '\n', '*/']) {
      const startedMs = performance.now()
      outcome(piece.repeat(16_300 / piece.length) + end, { a: '1' })
      expect(performance.now() - startedMs).toBeLessThan(MS)
    }
  })
})

const outcome = (expression: string, properties: Readonly<Record<string, string>>): unknown => {
  try {
    return compileSql92(expression).evaluate(properties)
  } catch (error) {
    if (!isRocketError(error)) throw error
    return error.code
  }
}

describe('an SQL92 expression', () => {
  it('may be a long list of alternatives', () => {
    const many = Array.from({ length: 1_300 }, (_, n) => `a = ${n}`).join(' OR ')
    expect(compileSql92(many).matches({ a: '1299' })).toBe(true)
    expect(compileSql92(many).matches({ a: '1300' })).toBe(false)
  })

  it('sees no property that the message does not have, whatever its name', () => {
    expect(compileSql92('constructor IS NULL AND toString IS NULL AND __proto__ IS NULL').matches({})).toBe(true)
  })

  it.each([
    ['1.5 = a', '0x1.8p0', true],
    ['a > 1.5', '-NaN', true],
    ['a < 1.5', '-Infinity', true],
    ['a = -1.5', '-0x.cp1', true],
    ['a > 1.5', `0x${'f'.repeat(65)}p0`, FAILED],
    ['a > 1.5', '0xp1', FAILED],
    ['a > 1.5', '1e', FAILED],
    ['a > 1', '99999999999999999999', FAILED],
    ['a > 3000000000', '9223372036854775808', FAILED],
    ['a > 3000000000', '-', FAILED],
    ['a = 12', '１２', true],
    ['a > 1', '0'.repeat(30_000) + '2', true],
    ['a > 1.5', '1'.repeat(30_000) + 'x', FAILED],
  ])('reads numbers as Java does: %s of %s', (expression, a, expected) => {
    expect(compileSql92(expression).evaluate({ a })).toBe(expected)
  })

  const word = fc.constantFrom(
    ...['a', 'b', '1', '2.5', "'x'", '3000000000', 'TRUE', 'NULL', '(', ')', '-', '+', '=', '<>', '<', '>=', ','],
    ...['AND', 'OR', 'NOT', 'IN', 'BETWEEN', 'IS', 'CONTAINS', 'ENDSWITH', '--', '/*', '\n', "'", '#'],
  )
  const text = fc.oneof(
    fc.array(word, { maxLength: 20 }).map(words => words.join(' ')),
    fc.string({ unit: 'binary', maxLength: 60 }),
  )

  it('is read and evaluated, or refused with ERR_RMQ_ILLEGAL, whatever it is and whatever a message holds', () => {
    const value = fc.oneof(fc.string(), fc.constantFrom('1', '2.5', 'x', 'true', 'NaN', '0x1p3', '-'))
    fc.assert(
      fc.property(text, value, value, (expression, a, b) => {
        expect([true, false, null, FAILED, 'ERR_RMQ_ILLEGAL']).toContain(outcome(expression, { a, b }))
      }),
      { numRuns: 3_000 },
    )
  })

  it('and what it denies exclude each other', () => {
    const comparison = fc
      .tuple(fc.constantFrom('a', 'b', '1'), fc.constantFrom('=', '<>', '<', '>='), fc.constantFrom('a', 'b', '2'))
      .map(words => words.join(' '))
    const value = fc.option(fc.integer({ min: -2, max: 3 }).map(String), { nil: undefined })
    fc.assert(
      fc.property(comparison, comparison, value, value, (left, right, a, b) => {
        const properties = { ...(a !== undefined && { a }), ...(b !== undefined && { b }) }
        const is = (expression: string) => outcome(expression, properties)
        const both = is(`${left} AND ${right}`)
        expect(is(`NOT (${left} AND ${right})`)).toBe(typeof both === 'boolean' ? !both : both)
        expect(is(`NOT (${left}) OR NOT (${right})`)).toBe(is(`NOT (${left} AND ${right})`))
      }),
    )
  })
})
