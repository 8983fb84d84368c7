import { expect, it } from 'vitest'
import { summary, type RunFile } from './support/closing-line.ts'

const file = (state: string, tests: readonly string[]): RunFile => ({
  state: () => state,
  children: { allTests: () => tests.map(each => ({ result: () => ({ state: each }) })) },
})

it('counts the tests of all files', () => {
  const files = [file('failed', ['passed', 'failed', 'skipped']), file('passed', ['passed', 'passed'])]
  expect(summary(files, 0)).toBe('3 passed, 1 failed, 1 skipped')
})

it('counts a file that could not run as one failure, and a file with a failed test only once', () => {
  expect(summary([file('failed', [])], 0)).toBe('0 passed, 1 failed, 0 skipped')
  expect(summary([file('failed', ['passed'])], 0)).toBe('1 passed, 1 failed, 0 skipped')
  expect(summary([file('failed', ['failed'])], 0)).toBe('0 passed, 1 failed, 0 skipped')
})

it('counts an error that no test caught as a failure', () => {
  expect(summary([file('passed', ['passed'])], 2)).toBe('1 passed, 2 failed, 0 skipped')
})

it('counts a test that never ended as skipped, so that nothing vanishes', () => {
  expect(summary([file('passed', ['passed', 'pending'])], 0)).toBe('1 passed, 0 failed, 1 skipped')
})
