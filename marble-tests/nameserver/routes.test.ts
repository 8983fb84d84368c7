import { asyncScheduler, defer, map, NEVER, type Observable, Subject, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { notConnected, routeNotFound } from '../../src/errors.ts'
import type { RouteState } from '../../src/nameserver/route-state.ts'
import { createRoutes, type RoutesOptions } from '../../src/nameserver/routes.ts'
import type { ReportedEvent } from '../../src/observability/events.ts'
import { aRoute } from '../../test/support/builders.ts'
import { marbles, type Marbles } from '../marbles.ts'

const ROUTES = { a: aRoute({ a: 'a:1' }, 1), b: aRoute({ a: 'a:1' }, 2), A: aRoute({ a: 'a:1' }, 1) }

/**
 * Name servers that answer each question as drawn: `a` and `b` are routes, `A` is the same as `a` (with which the
 * question is over), `n` means that they do not know the topic, `#` that none answers.
 */
const drawn = (m: Marbles, answers: readonly string[], options: Partial<RoutesOptions> = {}) => {
  const askedAt: number[] = []
  const events: ReportedEvent[] = []
  const topicRoute$ = (topic: string) =>
    defer(() => {
      const answer = answers[askedAt.length] ?? '#'
      askedAt.push(asyncScheduler.now())
      const failure = answer.includes('n')
        ? routeNotFound(topic, 'the name server does not know it')
        : notConnected('n:1')
      return m.cold(answer.replace('n', '#').replace(/[abA]/, '($&|)'), ROUTES, failure)
    })
  const routes = createRoutes({
    nameServer: { topicRoute$ },
    closing$: NEVER,
    report: event => events.push(event),
    scheduler: asyncScheduler,
    refreshMs: 10,
    retryMs: 4,
    ttlMs: 15,
    idleMs: 5,
    ...options,
  })
  return { routes, askedAt, events, route$: shown(routes.routes$('t')) }
}

/** `1` and `2`: a route of so many queues. Behind it: why the last refresh brought none. */
const shown = (state$: Observable<RouteState>) =>
  state$.pipe(
    map(({ status, publishQueues, error }) => {
      const known = status === 'known' ? String(publishQueues.length) : status
      return error === undefined ? known : `${known}, ${error.code}`
    }),
  )

const SAID = {
  1: '1',
  2: '2',
  f: '1, ERR_RMQ_CONNECT',
  g: '1, ERR_RMQ_ROUTE_NOT_FOUND',
  u: 'unknown, ERR_RMQ_CONNECT',
  n: 'missing, ERR_RMQ_ROUTE_NOT_FOUND',
}

describe('the route of a topic', () => {
  it(
    'is asked at once and with every tick, and told when it changes',
    marbles(m => {
      const { route$, askedAt } = drawn(m, ['-a', '-A', '-b'], { idleMs: 0 })
      m.expect(route$, '^---------------------!').toBeObservable('-1-------------------2', SAID)
      m.flush()
      expect(askedAt).toEqual([0, 10, 20])
    }),
  )

  it(
    'is asked again on demand',
    marbles(m => {
      const { route$, routes, askedAt } = drawn(m, ['-a', '-b'], { idleMs: 0 })
      const demand$ = m.cold('  ----x').pipe(tap(() => routes.refresh('t')))
      m.expect(demand$).toBeObservable('----x')
      m.expect(route$, '^-------!').toBeObservable('-1---2', SAID)
      m.flush()
      expect(askedAt).toEqual([0, 4])
    }),
  )

  it(
    'is asked once more after a question under way, for all that demanded it meanwhile',
    marbles(m => {
      const { route$, routes, askedAt } = drawn(m, ['-----a', '-b'], { idleMs: 0 })
      const demand$ = m.cold('  --xxx').pipe(tap(() => routes.refresh()))
      m.expect(demand$).toBeObservable('--xxx')
      m.expect(route$, '^--------!').toBeObservable('-----12', SAID)
      m.flush()
      expect(askedAt).toEqual([0, 5])
    }),
  )

  it(
    'is asked on demand only of the topic that was named, or of all that are in use',
    marbles(m => {
      const { routes, askedAt } = drawn(m, Array<string>(9).fill('-a'), { idleMs: 0 })
      m.expect(m.cold('  ---x---y').pipe(tap(named => routes.refresh(named === 'x' ? 'x' : undefined)))).toBeObservable(
        '                ---x---y',
      )
      m.expect(shown(routes.routes$('x')), '^--------!').toBeObservable('-1', SAID)
      m.expect(shown(routes.routes$('y')), '^--------!').toBeObservable('-1', SAID)
      m.flush()
      expect(askedAt).toEqual([0, 0, 3, 7, 7])
    }),
  )

  it(
    'that is to be forgotten goes at once when the name servers no longer know the topic, and stays when they do',
    marbles(m => {
      const gone = drawn(m, ['-a', '-n'], { idleMs: 0 })
      const stays = drawn(m, ['-a', '-b'], { idleMs: 0 })
      const under = drawn(m, ['-----a', '-n'], { idleMs: 0 })
      const forget$ = m.cold('  --x').pipe(tap(() => [gone, stays, under].forEach(({ routes }) => routes.forget('t'))))
      m.expect(forget$).toBeObservable('--x')
      m.expect(gone.route$, '^-----!').toBeObservable(' -1-n', SAID)
      m.expect(stays.route$, '^-----!').toBeObservable('-1-2', SAID)
      m.expect(under.route$, '^-------!').toBeObservable('-----1n', SAID) // what was asked before settles nothing
    }),
  )

  it(
    'that is to be forgotten stays while no name server answers, and as ever in the times after',
    marbles(m => {
      const fails = drawn(m, ['-a', '-#', '-n'], { idleMs: 0 })
      const later = drawn(m, ['-a', '-A', '-n'], { idleMs: 0 })
      const forget$ = m.cold('  --x').pipe(tap(() => [fails, later].forEach(({ routes }) => routes.forget('t'))))
      m.expect(forget$).toBeObservable('--x')
      m.expect(fails.route$, '^--------!').toBeObservable('-1-f----n', SAID)
      m.expect(later.route$, '^-----------!').toBeObservable('-1---------g', SAID)
    }),
  )

  it(
    'stays as it is while name servers fail, which is told each time, and is asked again sooner',
    marbles(m => {
      const { route$, askedAt } = drawn(m, ['-a', '-#', '-#', '--A'], { idleMs: 0 })
      m.expect(route$, '^----------------------!').toBeObservable('-1---------f----f-----1', SAID)
      m.flush()
      expect(askedAt).toEqual([0, 10, 15, 20])
    }),
  )

  it(
    'is unknown until somebody answers, which is told',
    marbles(m => {
      const { route$ } = drawn(m, ['-#', '-#', '-a'], { idleMs: 0 })
      m.expect(route$, '^------------!').toBeObservable('-u----u----1', SAID)
    }),
  )

  it(
    'is missing at once where no name server ever knew the topic, and found when it is created',
    marbles(m => {
      const { route$ } = drawn(m, ['-n', '-a'], { idleMs: 0 })
      m.expect(route$, '^-------!').toBeObservable('-n----1', SAID)
    }),
  )

  it(
    'is believed for a while though the name servers no longer know it, then gone',
    marbles(m => {
      const { route$ } = drawn(m, ['-a', '-n', '-n', '-n'], { idleMs: 0 })
      m.expect(route$, '^-----------------------!').toBeObservable('-1---------g----g----n', { ...SAID, n: SAID.n })
    }),
  )

  it(
    'is shared by all who look at the topic, and told to latecomers at once',
    marbles(m => {
      const { route$, askedAt } = drawn(m, ['-a', '-b'], { idleMs: 0 })
      m.expect(route$, '^-----------!').toBeObservable('-1---------2', SAID)
      m.expect(route$, '---^--------!').toBeObservable('---1-------2', SAID)
      m.flush()
      expect(askedAt).toEqual([0, 10])
    }),
  )

  it(
    'is kept fresh for a while after the last look, then forgotten and asked anew',
    marbles(m => {
      const { route$, askedAt } = drawn(m, ['-a', '-b', '-A', '-a'], { idleMs: 7 })
      m.expect(route$, '^-------!                              ').toBeObservable('-1', SAID)
      m.expect(route$, '--------------^!                       ').toBeObservable('--------------2', SAID)
      m.expect(route$, '--------------------------------^----! ').toBeObservable(
        '---------------------------------1',
        SAID,
      )
      m.flush()
      expect(askedAt).toEqual([0, 10, 20, 32, 42])
    }),
  )

  it(
    'is not kept once the client closes',
    marbles(m => {
      const closes = new Subject<void>()
      const { route$, askedAt } = drawn(m, ['-a'], { idleMs: 1_000, closing$: closes })
      m.expect(route$, '^--!').toBeObservable('-1', SAID)
      m.expect(m.cold('-----x').pipe(tap(() => closes.next()))).toBeObservable('-----x')
      m.flush()
      expect(askedAt).toEqual([0])
    }),
  )

  it(
    'is an event: when it was confirmed, whether it changed, and why it was not',
    marbles(m => {
      const { route$, events } = drawn(m, ['-a', '-A', '-#', '-b'], { idleMs: 0 })
      m.expect(route$, '^--------------------------!').toBeObservable('-1-------------------f----2', SAID)
      m.flush()
      expect(events).toMatchObject([
        { type: 'route-refreshed', topic: 't', changed: true },
        { type: 'route-refreshed', changed: false },
        { type: 'route-failed', topic: 't', keptLastGood: true, error: { code: 'ERR_RMQ_CONNECT' } },
        { type: 'route-refreshed', changed: true },
      ])
    }),
  )
})
