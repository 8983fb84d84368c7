import { expect, it } from 'vitest'
import { withoutRepeats } from '../../src/coordination/without-repeats.ts'
import { closed, notConnected } from '../../src/errors.ts'

it('a failure is told, and again only when ten seconds have passed: each kind for itself', () => {
  const told: string[] = []
  let now = 0
  const tell = withoutRepeats(
    error => told.push(`${(error as Error).message} at ${now}`),
    () => now,
  )
  const [connect, end] = [notConnected('b:1'), closed('the client')]
  for (const [at, error] of [
    [5, connect],
    [6, connect],
    [7, end],
    [8, new TypeError('odd')],
    [9, new Error('odd, too')],
    [10_004, connect],
    [10_005, connect],
    [10_006, end],
  ] as const) {
    now = at
    tell(error)
  }
  expect(told).toEqual([`${connect.message} at 5`, `${end.message} at 7`, 'odd at 8', `${connect.message} at 10005`])
})
