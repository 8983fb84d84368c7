import { asyncScheduler, distinctUntilChanged, ignoreElements, map, merge, tap } from 'rxjs'
import { describe, expect, it, vi } from 'vitest'
import type { Health, HealthWiring } from '../../src/client/health.ts'
import type { HealthOptions } from '../../src/client/health-options.ts'
import { createRouteCoordinator, type BrokerOutcome } from '../../src/client/route-coordinator.ts'
import { illegal, notConnected, RocketError } from '../../src/errors.ts'
import type { ReportedEvent } from '../../src/observability/events.ts'
import { aHealth } from '../../test/support/a-health.ts'
import { aRoute } from '../../test/support/builders.ts'
import { marbles, type Marbles } from '../marbles.ts'

const down = notConnected('a:1')
const refused = new RocketError('ERR_RMQ_BROKER', 'refused', { responseCode: 1 })
const now = (): number => asyncScheduler.now()

/** What happens to broker a, by letter. */
const DEEDS: Readonly<Record<string, (health: Health) => unknown>> = {
  s: health => health.succeeded('a', 1, now()),
  f: health => health.failed('a', down, 1, now()),
  r: health => health.failed('a', refused, 1, now()),
  i: health => health.failed('a', illegal('the message is wrong'), 1, now()),
  S: health => health.suspend('a', 5),
  T: health => health.suspend('a', Infinity),
  R: health => health.recover('a'),
  h: health => health.beat('a:1'),
  m: health => health.beat('a:1', down),
  l: health => health.succeeded('a', 600, now()),
  z: health => health.resetCounts(),
}

const drawn = (m: Marbles, deeds: string, options: Partial<HealthOptions> = {}, wiring: Partial<HealthWiring> = {}) => {
  const events: ReportedEvent[] = []
  const health = aHealth(options, { report: event => events.push(event), ...wiring })
  health.seen(aRoute({ a: 'a:1', b: 'b:1' }))
  const done$ = m.hot<string>(deeds).pipe(
    tap(letter => DEEDS[letter]?.(health)),
    ignoreElements(),
  )
  const state$ = merge(
    done$,
    health.health$.pipe(
      map(table => `${table.get('a')?.state} ${table.get('a')?.rank}`),
      distinctUntilChanged(),
    ),
  )
  const probes$ = merge(done$, health.probes$)
  return { health, events, done$, state$, probes$ }
}
const STATES = { h: 'healthy 0', d: 'degraded 1', u: 'unhealthy 2', s: 'suspended 3', w: 'healthy 1', x: 'healthy 2' }
const told = (events: readonly ReportedEvent[]): readonly string[] =>
  events.map(event => (event.type === 'broker-health' ? `${event.from} to ${event.to}` : event.type))

describe('the health of a broker', () => {
  it(
    'is told at once, and whenever it changes: three failures degrade it, five make it unhealthy, five successes heal it',
    marbles(m => {
      const { state$, events } = drawn(m, ' -f-f-f-f-f-s-s-s-s-s-')
      m.expect(state$).toBeObservable('h----d---u---------h-', STATES)
      m.flush()
      expect(told(events)).toEqual(['healthy to degraded', 'degraded to unhealthy', 'unhealthy to healthy'])
      expect(events[0]).toMatchObject({ brokerName: 'a', error: { code: 'ERR_RMQ_CONNECT' } })
    }),
  )

  it(
    'is suspended for a while, or until somebody ends it, and then well',
    marbles(m => {
      m.expect(drawn(m, ' -S---------').state$).toBeObservable('hs----h-----', STATES)
      m.expect(drawn(m, ' -S-R-------').state$).toBeObservable('hs-h--------', STATES)
      m.expect(drawn(m, ' -T---------').state$).toBeObservable('hs----------', STATES)
      m.expect(drawn(m, ' -S--S------').state$).toBeObservable('hs-------h--', STATES)
      m.expect(drawn(m, ' -S-T-------').state$).toBeObservable('hs----------', STATES)
    }),
  )

  it(
    'waits on no timer while nothing ends by itself',
    marbles(m => {
      const scheduled = vi.spyOn(asyncScheduler, 'schedule')
      const { done$ } = drawn(m, '-s-f-f-f-f-f-T-R-s-h-')
      m.expect(done$).toBeObservable('')
      m.flush()
      expect(scheduled).not.toHaveBeenCalled()
      scheduled.mockRestore()
    }),
  )

  it(
    'suffers from a failed heartbeat once, and is healed by five that succeed',
    marbles(m => {
      const { state$ } = drawn(m, ' -m-m-m-m-m-m-h-h-h-h-h')
      m.expect(state$).toBeObservable('hg-------------------h', { ...STATES, g: 'degraded 0' })
    }),
  )

  it(
    'is not touched by a message that is wrong, nor by counters that begin anew',
    marbles(m => {
      const { state$, health } = drawn(m, '-f-f-i-i-f-z-')
      m.expect(state$).toBeObservable('    h--------d-g-', { ...STATES, g: 'degraded 0' }) // nothing speaks against it any more
      m.flush()
      expect(health.of('a')).toMatchObject({ state: 'degraded', consecutiveFailures: 3, requests: 0, successRate: 1 })
    }),
  )

  it(
    'ends with the client, its timer too',
    marbles(m => {
      const { state$ } = drawn(m, ' -S---------', {}, { closing$: m.hot('---c') })
      m.expect(state$).toBeObservable('hs---------', STATES)
      const alone = aHealth({}, { closing$: m.hot('---(c|)') })
      m.expect(alone.health$.pipe(map(() => 'x'))).toBeObservable('x--|')
    }),
  )
})

describe('a broker that is slow, where such are avoided', () => {
  const avoidSlow = true

  it(
    'is avoided for as long as its latency says, and no longer',
    marbles(m => {
      const { state$, events } = drawn(m, '-l', { avoidSlow })
      m.expect(state$).toBeObservable('    hw 1999ms h', STATES)
      m.flush()
      expect(events).toMatchObject([{ type: 'broker-avoided', forMs: 2_000, latencyMs: 600, reachable: true }])
    }),
  )

  it(
    'or fails, is a last resort until it is heard of again, or its time is over',
    marbles(m => {
      m.expect(drawn(m, '-f-', { avoidSlow }).state$).toBeObservable('hx 9999ms h', STATES)
      m.expect(drawn(m, '-r-', { avoidSlow }).state$).toBeObservable('hx 9999ms h', STATES)
      m.expect(drawn(m, '-f-h', { avoidSlow }).state$).toBeObservable('hx-w 9997ms h', STATES)
      m.expect(drawn(m, '-f-s', { avoidSlow }).state$).toBeObservable('hx-w 9997ms h', STATES)
      m.expect(drawn(m, '-f-R', { avoidSlow }).state$).toBeObservable('hx-h', STATES)
      const unprobed = drawn(m, '-f-', { avoidSlow, probeMs: 0 }) // nobody would find out that it is there again
      m.expect(unprobed.state$).toBeObservable('hw 9999ms h', STATES)
    }),
  )

  it(
    'is used like any other by default',
    marbles(m => {
      m.expect(drawn(m, '-l-f-').state$).toBeObservable('h', STATES)
    }),
  )
})

describe('probes', () => {
  it(
    'ask a broker that is avoided, at their interval, and more often once it answers, until it is well',
    marbles(m => {
      const deeds = '-(fff)'
      const { probes$ } = drawn(m, deeds, { probeMs: 30, healthyAfter: 2 })
      m.expect(probes$, '^ 69ms !').toBeObservable('31ms a 29ms a', { a: 'a:1' })
      const heard = drawn(m, `${deeds} 28ms h 1100ms h`, { probeMs: 5_000, healthyAfter: 2 })
      m.expect(heard.probes$).toBeObservable('1034ms a', { a: 'a:1' })
    }),
  )

  it(
    'ask nobody while all are well or suspended, and never where they are turned off',
    marbles(m => {
      m.expect(drawn(m, '-s-f-f-T-', { probeMs: 2 }).probes$, '^ 99ms !').toBeObservable('')
      m.expect(drawn(m, '-(fffff)-', { probeMs: 0 }).probes$, '^ 99ms !').toBeObservable('')
    }),
  )
})

describe('clients that share what they see', () => {
  it(
    'know of failures that only the other saw, without telling each other for ever',
    marbles(m => {
      const coordinator = createRouteCoordinator()
      const said: BrokerOutcome[] = []
      coordinator.outcomes$.subscribe(outcome => said.push(outcome))
      const mine = drawn(m, '-s-f-f-f-s', {}, { coordinator, clientId: 'mine' })
      const other = drawn(m, '----------', {}, { coordinator, clientId: 'other' })
      m.expect(mine.state$).toBeObservable(' h------d', STATES)
      m.expect(other.state$).toBeObservable('h------g', { ...STATES, g: 'degraded 0' })
      m.flush()
      expect(said.map(({ clientId, ok }) => [clientId, ok])).toEqual([
        ['mine', false],
        ['mine', false],
        ['mine', false],
        ['mine', true],
      ])
      expect(other.health.of('a')).toMatchObject({ requests: 0, consecutiveSuccesses: 1 })
    }),
  )

  it(
    'ignore strangers, nonsense, and a coordinator that fails',
    marbles(m => {
      const said = {
        a: { clientId: 'x', brokerName: 'zzz', ok: false },
        b: null,
        c: { brokerName: 'a', ok: false },
        d: 7,
      }
      const outcomes$ = m.hot('-abcd#', said as unknown as Record<string, BrokerOutcome>, new Error('gone'))
      const publish = (): never => {
        throw new Error('cannot')
      }
      const { state$, health, events } = drawn(m, '-------f', {}, { coordinator: { publish, outcomes$ } })
      m.expect(state$).toBeObservable('h', STATES)
      m.flush()
      expect([...health.table().keys()]).toEqual(['a', 'b'])
      expect(health.of('a')?.consecutiveFailures).toBe(1)
      expect(events.map(({ type }) => type)).toEqual(['coordinator-failed', 'coordinator-failed'])
    }),
  )
})
