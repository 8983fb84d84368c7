import { asyncScheduler, merge, Observable } from 'rxjs'
import { describe, expect, it, vi } from 'vitest'
import { createDeadlines, type Deadlines } from '../../src/remoting/deadlines.ts'
import { marbles } from '../marbles.ts'

/** Says its name when its time is over. */
const due$ = (deadlines: Deadlines, name: string, afterMs: number) =>
  new Observable<string>(subscriber => {
    const deadline = { dueAt: asyncScheduler.now() + afterMs, expire: () => subscriber.next(name) }
    deadlines.add(deadline)
    return () => deadlines.remove(deadline)
  })

describe('many deadlines on one timer', () => {
  it(
    'are told each at its own time, whatever their order',
    marbles(m => {
      const deadlines = createDeadlines(asyncScheduler)
      const all$ = merge(
        due$(deadlines, 'b', 5),
        due$(deadlines, 'a', 2),
        due$(deadlines, 'c', 5),
        due$(deadlines, 'd', 9),
      )
      m.expect(all$).toBeObservable('--a--(bc)d')
    }),
  )

  it(
    'are not told when they were forgotten before',
    marbles(m => {
      const deadlines = createDeadlines(asyncScheduler)
      m.expect(due$(deadlines, 'a', 4), '^-!').toBeObservable('')
      m.expect(due$(deadlines, 'b', 6), '^--').toBeObservable('------b')
    }),
  )

  it(
    'are told on time when an earlier one comes later',
    marbles(m => {
      const deadlines = createDeadlines(asyncScheduler)
      m.expect(due$(deadlines, 'a', 9), '^---').toBeObservable('---------a')
      m.expect(due$(deadlines, 'b', 3), '--^-').toBeObservable('-----b')
    }),
  )

  it(
    'are told when they are set within another one, even for the same moment',
    marbles(m => {
      const deadlines = createDeadlines(asyncScheduler)
      const chain$ = new Observable<string>(subscriber => {
        const after = (name: string, ms: number, then?: () => void) =>
          deadlines.add({
            dueAt: asyncScheduler.now() + ms,
            expire: () => {
              subscriber.next(name)
              then?.()
            },
          })
        after('a', 2, () => {
          after('b', 0)
          after('c', 4)
        })
      })
      m.expect(chain$).toBeObservable('--(ab)c')
    }),
  )

  it(
    'take one timer for as many as come in one timeout, not one for each',
    marbles(m => {
      const schedule = vi.spyOn(asyncScheduler, 'schedule')
      const deadlines = createDeadlines(asyncScheduler)
      const answered = (at: string) => m.expect(due$(deadlines, 'x', 8), at).toBeObservable('')
      answered('^!')
      answered('-^!')
      answered('--^!')
      answered('---^!')
      answered('----^!')
      m.flush()
      const timers = schedule.mock.calls.length
      schedule.mockRestore()
      expect(timers).toBe(1)
    }),
  )

  it(
    'are all forgotten at once when the connection is over: those of the next are told alone',
    marbles(m => {
      const deadlines = createDeadlines(asyncScheduler)
      m.expect(merge(due$(deadlines, 'a', 3), due$(deadlines, 'b', 7))).toBeObservable('---a')
      asyncScheduler.schedule(() => deadlines.clear(), 5)
      m.expect(due$(deadlines, 'c', 3), '-------^').toBeObservable('----------c')
    }),
  )
})
