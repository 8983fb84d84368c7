import { asyncScheduler, map, NEVER, of, tap, throwError } from 'rxjs'
import type { Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { OutcomeRun } from '../../src/coordination/outcome-message.ts'
import { createTelling } from '../../src/coordination/telling.ts'
import { isRocketError, notConnected } from '../../src/errors.ts'
import { marbles, type Marbles } from '../marbles.ts'

const written = ({ brokerName, ok, count }: OutcomeRun): string => `${brokerName}${ok ? '+' : '-'}${count}`

/** Capitals are failures at the broker of that letter, small letters successes. */
interface Crowd {
  /** How many others tell, at a time. */
  readonly others?: (at: number) => number
  readonly random?: () => number
}

const drawn = (
  m: Marbles,
  tells: (n: number) => Observable<unknown> = () => of(1),
  { others = () => 0, random = () => 0.5 }: Crowd = {},
) => {
  const told: string[] = []
  const failures: string[] = []
  const { add, telling$, flush$ } = createTelling({
    everyMs: 5,
    others: () => others(asyncScheduler.now()),
    random,
    tell$: runs => {
      told.push(`${runs.map(written).join(' ')} at ${asyncScheduler.now()}`)
      return tells(told.length)
    },
    failed: error => failures.push(isRocketError(error) ? error.code : String(error)),
    scheduler: asyncScheduler,
  })
  const seen = (diagram: string, until?: string) => {
    m.expect(telling$, until).toBeObservable('-')
    m.expect(
      m
        .cold<string>(diagram)
        .pipe(
          tap(letter => add({ clientId: 'c', brokerName: letter.toUpperCase(), ok: letter !== letter.toUpperCase() })),
        ),
    ).toBeObservable(diagram)
  }
  return { told, failures, seen, flush$ }
}

describe('outcomes that are told', () => {
  it(
    'gather for a while by broker, a run of one kind each, and no timer runs when there are none',
    marbles(m => {
      const { told, seen } = drawn(m)
      seen('A-AB-----------------aAaa', '^----------------------------------')
      m.flush()
      expect(told).toEqual(['A-2 B-1 at 5', 'A+2 at 26'])
    }),
  )

  it(
    'leave in one message at a time: what is seen while one is on the way waits for the next, and a full interval',
    marbles(m => {
      const { told, seen } = drawn(m, () => m.cold('--------|'))
      seen('A-----BBBbCB---------D', '^----------------------------------------')
      m.flush()
      expect(told).toEqual(['A-1 at 5', 'B-1 C-1 at 18', 'D-1 at 31'])
    }),
  )

  it(
    'that nobody takes are dropped and told as a failure, and the next ones leave all the same',
    marbles(m => {
      const { told, failures, seen } = drawn(m, n => (n === 1 ? throwError(() => notConnected('b:1')) : of(1)))
      seen('A---------B', '^-------------------')
      m.flush()
      expect(told).toEqual(['A-1 at 5', 'B-1 at 15'])
      expect(failures).toEqual(['ERR_RMQ_CONNECT'])
    }),
  )

  it(
    'leave at the end without waiting, and the end waits for them',
    marbles(m => {
      const { told, seen, flush$ } = drawn(m, () => m.cold('---|'))
      seen('A', '^-!')
      m.expect(flush$().pipe(map(() => '?')), '--^').toBeObservable('-----|')
      m.expect(flush$(), '----------^').toBeObservable('----------|')
      m.flush()
      expect(told).toEqual(['A-1 at 2'])
    }),
  )

  it(
    'take no more room than they may while one is on the way for ever, and what is dropped is told',
    marbles(m => {
      const { told, failures, flush$, seen } = drawn(m, n => (n === 1 ? NEVER : of(1)))
      const many = Array.from({ length: 70 }, (_, i) => String.fromCodePoint(0x4e00 + i)).join('')
      seen(`A-----(${many})`, '^------------------!')
      m.expect(flush$(), '--------------------^').toBeObservable('--------------------|')
      m.flush()
      expect(told.map(text => text.split(' ').length)).toEqual([3, 66])
      expect(failures).toEqual(['ERR_RMQ_OVERFLOW'])
    }),
  )

  it(
    'leave sooner or later by chance, so that those of many processes do not leave together',
    marbles(m => {
      const chances = [0, 0.99]
      const { told, seen } = drawn(m, undefined, { random: () => chances.shift() ?? 0 })
      seen('A---------B', '^-------------------')
      m.flush()
      expect(told).toEqual(['A-1 at 3', 'B-1 at 17']) // 2.5 and 7.45 later
    }),
  )

  it(
    'leave as often as agreed while seven others tell, and half as often when fifteen do: sixteen as often as eight',
    marbles(m => {
      const { told, seen } = drawn(m, undefined, { others: at => (at < 10 ? 7 : 15) })
      seen('A-------------------B', '^------------------------------------')
      m.flush()
      expect(told).toEqual(['A-1 at 5', 'B-1 at 30'])
    }),
  )

  it(
    'wait on when many others were heard meanwhile, and take along what is seen until then',
    marbles(m => {
      const { told, seen } = drawn(m, undefined, { others: at => (at < 3 ? 0 : at < 8 ? 15 : 31) })
      seen('A-----A----B', '^--------------------------')
      m.flush()
      expect(told).toEqual(['A-2 B-1 at 20'])
    }),
  )

  it(
    'wait for half a minute at most, however many others there are',
    marbles(m => {
      const { told, seen } = drawn(m, undefined, { others: () => 1_000_000 })
      seen('A', '^ 40s !')
      m.flush()
      expect(told).toEqual(['A-1 at 30000'])
    }),
  )
})
