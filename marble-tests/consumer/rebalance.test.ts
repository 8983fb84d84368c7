import { asyncScheduler, defer, map, NEVER, type Observable, of } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { allocateAveragely, type Allocate } from '../../src/consumer/allocation/allocate.ts'
import { resolveAllocate } from '../../src/consumer/allocation/allocate-option.ts'
import {
  amongMembers,
  assignments$,
  type AmongMembersOptions,
  type Assignment,
  type RebalanceOptions,
} from '../../src/consumer/allocation/rebalance.ts'
import { notConnected } from '../../src/errors.ts'
import { nextRoute, unknownRoute, type RouteState } from '../../src/nameserver/route-state.ts'
import { aRoute, nameOf } from '../../test/support/builders.ts'
import { marbles, type Marbles } from '../marbles.ts'

const known = (topic: string): RouteState =>
  nextRoute(1_000)(unknownRoute(topic), { ok: true, value: aRoute({ [topic]: 'a:1' }, 4), at: 0 })
const missing = (topic: string): RouteState => ({ ...unknownRoute(topic), status: 'missing' })

const MEMBERS = { m: ['me'], n: ['you', 'me'], x: ['you'] }
/** What is held: everything, the first half of it, or nothing. */
const SAID = { A: 't0 t1 t2 t3', S: 't0 t1', o: 'nothing' }

/** Rounds whose list of members is drawn: `m` me alone, `n` two of us, `x` without me, `#` nobody answers. */
const drawn = (
  m: Marbles,
  rounds: readonly string[],
  options: Partial<RebalanceOptions & AmongMembersOptions> = {},
) => {
  const askedAt: number[] = []
  const failures: string[] = []
  const members$ = () =>
    defer(() => {
      const round = rounds[askedAt.length] ?? 'm'
      askedAt.push(asyncScheduler.now())
      return m.cold(round.replace(/[mnx]/, '($&|)'), MEMBERS, notConnected('a:1'))
    })
  const all$ = assignments$({
    routes: () => [known('t')],
    share$: amongMembers({ self: 'me', members$, allocate: allocateAveragely, ...options }),
    nudge$: NEVER,
    onFailure: error => failures.push(error instanceof Error ? error.message : String(error)),
    periodMs: 20,
    retryMs: 5,
    scheduler: asyncScheduler,
    ...options,
  })
  return { held$: named(all$), askedAt, failures }
}

const named = (all$: Observable<Assignment>) =>
  all$.pipe(map(assignment => [...assignment.values()].map(nameOf).join(' ') || 'nothing'))

describe('the queues that a member holds', () => {
  it(
    'are what the given rule gives it of the sorted queues and members',
    marbles(m => {
      const allocate: Allocate = (queues, members, self) => queues.slice(members.indexOf(self) - members.length)
      const { held$ } = drawn(m, ['n'], { allocate, members$: () => of(['you', 'me', 'you', 'them']) })
      m.expect(held$, '^---!').toBeObservable('L', { L: 't1 t2 t3' })
    }),
  )

  it(
    'are decided at once and every period',
    marbles(m => {
      const { held$, askedAt } = drawn(m, ['-m', '-n', '-m'])
      const expected = '        -A-------------------S-------------------A'
      m.expect(held$, '         ^-----------------------------------------!').toBeObservable(expected, SAID)
      m.flush()
      expect(askedAt).toEqual([0, 20, 40])
    }),
  )

  it(
    'are decided at once when members or routes changed',
    marbles(m => {
      const nudge$ = m.hot('    ------x----')
      const { held$, askedAt } = drawn(m, ['-m', '-n'], { nudge$ })
      const expected = '        -A-----S---'
      m.expect(held$, '         ^---------!').toBeObservable(expected, SAID)
      m.flush()
      expect(askedAt).toEqual([0, 6])
    }),
  )

  it(
    'are decided once more after a round under way, for all changes that came meanwhile',
    marbles(m => {
      const nudge$ = m.hot('    --xxx----')
      const { held$, askedAt } = drawn(m, ['-----m', '-n'], { nudge$ })
      const expected = '        -----AS--'
      m.expect(held$, '         ^-------!').toBeObservable(expected, SAID)
      m.flush()
      expect(askedAt).toEqual([0, 5])
    }),
  )

  it(
    'stay as they are when the members cannot be known, which is told, and decided again soon',
    marbles(m => {
      const { held$, askedAt, failures } = drawn(m, ['-m', '-#', '-#', '-n'])
      const expected = '        -A-------------------A-----A-----S'
      m.expect(held$, '         ^---------------------------------!').toBeObservable(expected, SAID)
      m.flush()
      expect(askedAt).toEqual([0, 20, 26, 32])
      expect(failures).toEqual([expect.stringContaining('a:1'), expect.stringContaining('a:1')])
    }),
  )

  it(
    'stay as they are when a rule of the user throws or gives what is not there, which is told, and decided again soon',
    marbles(m => {
      let round = 0
      const rule: Allocate = queues => {
        if (++round === 2) throw new Error('out of order')
        return round === 3 ? [{ topic: 't', brokerName: 'nowhere', queueId: 0 }] : queues.slice(0, 2)
      }
      const { allocate } = resolveAllocate(rule)
      const { held$, failures } = drawn(m, ['-m', '-m', '-m', '-m'], { allocate })
      const expected = '        -S-------------------S-----S-----S'
      m.expect(held$, '         ^---------------------------------!').toBeObservable(expected, SAID)
      m.flush()
      expect(failures).toEqual(['out of order', expect.stringContaining('returned t@nowhere:0')])
    }),
  )

  it(
    'are not decided from a list that does not name this member yet: it would leave them to nobody',
    marbles(m => {
      const { held$, failures } = drawn(m, ['-x', '-m'])
      const expected = '        -o-----A'
      m.expect(held$, '         ^-------!').toBeObservable(expected, SAID)
      m.flush()
      expect(failures).toEqual([expect.stringContaining('(me) is not in the list')])
    }),
  )

  it(
    'are given up with a topic that is gone, and kept with one of which nothing is known for the moment',
    marbles(m => {
      const routes = [
        [known('t'), known('u')],
        [unknownRoute('t'), known('u')],
        [missing('t'), known('u')],
      ]
      const nudge$ = m.hot('    -----x---------')
      let round = 0
      const { held$ } = drawn(m, [], { nudge$, members$: () => of(['me']), routes: () => routes[round++] ?? [] })
      const expected = '        B----B----U'
      m.expect(held$, '         ^------------!').toBeObservable(expected, {
        B: 't0 t1 t2 t3 u0 u1 u2 u3',
        U: 'u0 u1 u2 u3',
      })
    }),
  )

  it(
    'of one topic are decided though those of another cannot be',
    marbles(m => {
      const members$ = ({ topic }: RouteState) => (topic === 't' ? m.cold<string[]>('-#') : of(['me']))
      const { held$ } = drawn(m, [], { members$, routes: () => [known('t'), known('u')] })
      m.expect(held$, '         ^---!').toBeObservable('-U', { U: 'u0 u1 u2 u3' })
    }),
  )

  it(
    'are nothing while there is no topic',
    marbles(m => {
      const { held$ } = drawn(m, [], { routes: () => [] })
      m.expect(held$, '         ^---!').toBeObservable('o', SAID)
    }),
  )

  it(
    'are no longer decided when unsubscribed',
    marbles(m => {
      const { held$, askedAt } = drawn(m, ['-#'])
      m.expect(held$, '         ^--!').toBeObservable('-o', SAID)
      m.flush()
      expect(askedAt).toEqual([0])
    }),
  )
})
