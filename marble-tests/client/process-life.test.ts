import { asyncScheduler } from 'rxjs'
import { describe, expect, it, vi } from 'vitest'
import { createProcessLife } from '../../src/client/process-life.ts'
import { marbles } from '../marbles.ts'

describe('an operation that holds the process', () => {
  it(
    'passes everything on: values, the end, a failure',
    marbles(m => {
      const life = createProcessLife()
      m.expect(m.cold('-a-b-|').pipe(life.held())).toBeObservable('-a-b-|')
      m.expect(m.cold('-a-#').pipe(life.held())).toBeObservable('-a-#')
    }),
  )

  it(
    'leaves its source when it is unsubscribed',
    marbles(m => {
      const source = m.cold('-a----')
      m.expect(source.pipe(createProcessLife().held()), '^--!').toBeObservable('-a')
      m.expect(source).toHaveSubscriptions('              ^--!')
    }),
  )

  it(
    'costs no timer of its own while another one holds: the first sets it, the last takes it away',
    marbles(m => {
      const schedule = vi.spyOn(asyncScheduler, 'schedule')
      const life = createProcessLife()
      m.expect(m.cold('----|').pipe(life.held()), '^').toBeObservable('----|')
      m.expect(m.cold('----|').pipe(life.held()), '--^').toBeObservable('------|')
      m.expect(m.cold('-|').pipe(life.held()), '--------^').toBeObservable('---------|')
      m.flush()
      const delays = schedule.mock.calls.map(([, delay]) => delay)
      schedule.mockRestore()
      expect(delays).toEqual([2 ** 31 - 1, 2 ** 31 - 1])
      expect(asyncScheduler.now()).toBeLessThan(1_000) // had one been left, time would have run on to its end
    }),
  )
})
