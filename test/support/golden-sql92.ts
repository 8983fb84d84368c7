import { expect } from 'vitest'
import { compileSql92 } from '../../src/embedded/sql92.ts'
import { FAILED } from '../../src/embedded/sql92-values.ts'
import type { Handlers, Vector } from './golden.ts'

interface FilterVector extends Vector {
  readonly expression: string
  readonly properties: Readonly<Record<string, string>>
  readonly expect: 'true' | 'false' | 'null' | 'error' | 'compile-error'
  readonly matches: boolean
}

const checkFilter = (vector: Vector): void => {
  const { expression, properties, expect: expected, matches } = vector as FilterVector
  if (expected === 'compile-error') {
    expect(() => compileSql92(expression)).toThrow(expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL' }))
    return
  }
  const filter = compileSql92(expression)
  const value = filter.evaluate(properties)
  expect(value === FAILED ? 'error' : String(value)).toBe(expected)
  expect(filter.matches(properties)).toBe(matches)
}

export const handlers: Handlers = { sql: checkFilter }
