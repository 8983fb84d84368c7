import {
  asyncScheduler,
  concat,
  defer,
  filter,
  map,
  mergeMap,
  NEVER,
  of,
  type Observable,
  Subject,
  switchMap,
  take,
} from 'rxjs'
import { describe, expect, it } from 'vitest'
import { createHeartbeats, ticking$, type Announced, type Member } from '../../src/client/heartbeat.ts'
import { operationTimeout } from '../../src/errors.ts'
import type { ReportedEvent } from '../../src/observability/events.ts'
import type { HeartbeatData } from '../../src/protocol/bodies/bodies.ts'
import type { GateState } from '../../src/remoting/gate.ts'
import type { Session } from '../../src/remoting/session.ts'
import { errorsAsValues, marbles, type Marbles } from '../marbles.ts'

const UP: GateState = { up: true, session: {} as Session }
const DOWN: GateState = { up: false, cause: new Error('lost'), retryInMs: 1 }
const P = { p: 'p' }
const GATES = { u: UP, d: DOWN }

interface Brokers {
  /** How each broker answers its heartbeats, one after the other; at once where nothing is said. */
  readonly answers?: Readonly<Record<string, readonly string[]>>
  /** When each broker is connected; always where nothing is said. */
  readonly gates?: Readonly<Record<string, string>>
  readonly periodMs?: number
}

const drawn = (m: Marbles, { answers = {}, gates = {}, periodMs = 10 }: Brokers = {}) => {
  const sent = new Subject<{ readonly endpoint: string; readonly data: HeartbeatData }>()
  const counts = new Map<string, number>()
  const events: ReportedEvent[] = []
  const hotGates = new Map(Object.entries(gates).map(([endpoint, diagram]) => [endpoint, m.cold(diagram, GATES)]))
  const heartbeats = createHeartbeats({
    clientId: 'me',
    membership: {
      heartbeat$: (endpoint, data) =>
        defer(() => {
          const count = counts.get(endpoint) ?? 0
          counts.set(endpoint, count + 1)
          sent.next({ endpoint, data })
          return m.cold(
            (answers[endpoint]?.[count] ?? 'a').replace('a', '(a|)'),
            { a: 479 },
            operationTimeout('a heartbeat', 3),
          )
        }),
    },
    gate$: endpoint => hotGates.get(endpoint) ?? concat(of(UP), NEVER),
    report: event => events.push(event),
    scheduler: asyncScheduler,
    periodMs,
    timeoutMs: 3,
  })
  /** The groups that each heartbeat to a broker names. */
  const to = (endpoint: string) =>
    sent.pipe(
      filter(beat => beat.endpoint === endpoint),
      map(({ data }) => data.producerGroups.join('+') || 'nobody'),
    )
  return { ...heartbeats, to, events }
}

const member = (producerGroup: string, ...endpoints: string[]): Member => ({
  producerGroup,
  endpoints$: concat(of(new Set(endpoints)), NEVER),
})
const silent = (announced$: Observable<Announced>) => announced$.pipe(filter(() => false))

describe('the ticker of one broker', () => {
  it(
    'does not pile up when answers take longer than the period: a tick that finds the last beat under way is left out',
    marbles(m => {
      const beat$ = () => m.cold('s 44999ms (r|)')
      const expected = '       s 44999ms r 14999ms s 44999ms (r|)'
      const ticks$ = ticking$(beat$, { periodMs: 30_000, nudge$: NEVER, scheduler: asyncScheduler })
      m.expect(ticks$.pipe(take(4))).toBeObservable(expected)
    }),
  )

  it(
    'beats once more after a beat under way, for all nudges that came meanwhile',
    marbles(m => {
      const nudge$ = m.hot('  --nnn------')
      const expected = '      s---(rs)r'
      const beat$ = () => m.cold('s---(r|)')
      const ticks$ = ticking$(beat$, { periodMs: 50, nudge$, scheduler: asyncScheduler })
      m.expect(ticks$, '      ^----------!').toBeObservable(expected)
    }),
  )
})

describe('heartbeats', () => {
  it(
    'go to every broker in use, at once and every period, and name everyone who must be known',
    marbles(m => {
      const { announce$, to } = drawn(m)
      m.expect(to('b:1'), '                     ^---------------------!').toBeObservable('p---------p---------p', P)
      m.expect(to('b:2'), '                     ^---------------------!').toBeObservable('p---------p---------p', P)
      m.expect(silent(announce$(member('p', 'b:1', 'b:2'))), '^---------------------!').toBeObservable('')
    }),
  )

  it(
    'name a newcomer at once, together with those known before',
    marbles(m => {
      const { announce$, to } = drawn(m)
      m.expect(to('b:1'), '              ^----------------!').toBeObservable('p---b-----b-----', { p: 'p', b: 'p+q' })
      m.expect(silent(announce$(member('p', 'b:1'))), '^---------------!').toBeObservable('')
      m.expect(silent(announce$(member('q', 'b:1'))), '----^-----------!').toBeObservable('')
    }),
  )

  it(
    'no longer name who has left, and end with the last',
    marbles(m => {
      const { announce$, to } = drawn(m)
      m.expect(to('b:1'), '              ^--------------------------------!').toBeObservable('b---------q---------q', {
        b: 'p+q',
        q: 'q',
      })
      m.expect(silent(announce$(member('p', 'b:1'))), '^----!                 ').toBeObservable('')
      m.expect(silent(announce$(member('q', 'b:1'))), '^---------------------!').toBeObservable('')
    }),
  )

  it(
    'to a slow broker do not delay those to the others, and do not pile up',
    marbles(m => {
      const { announce$, to } = drawn(m, { answers: { 'b:1': ['------------------------a'] } })
      m.expect(to('b:1'), '                     ^-------------------------------!').toBeObservable(
        '                                p-----------------------------p',
        P,
      )
      m.expect(to('b:2'), '                     ^-------------------------------!').toBeObservable(
        '                                p---------p---------p---------p',
        P,
      )
      m.expect(silent(announce$(member('p', 'b:1', 'b:2'))), '^-------------------------------!').toBeObservable('')
    }),
  )

  it(
    'go on after one that failed, which is an event',
    marbles(m => {
      const { announce$, to, events } = drawn(m, { answers: { 'b:1': ['---#'] } })
      m.expect(to('b:1'), '              ^-------------!').toBeObservable('p---------p', P)
      m.expect(silent(announce$(member('p', 'b:1'))), '^-------------!').toBeObservable('')
      m.flush()
      expect(events).toMatchObject([
        { type: 'heartbeat-failed', endpoint: 'b:1', error: { code: 'ERR_RMQ_TIMEOUT' } },
        { type: 'heartbeat-confirmed', endpoint: 'b:1' },
      ])
    }),
  )

  it(
    'are tried again a second after one that failed: a member must not wait for a whole period to be known',
    marbles(m => {
      const { announce$, to } = drawn(m, { answers: { 'b:1': ['---#'] }, periodMs: 30_000 })
      m.expect(to('b:1'), '              ^ 1999ms !').toBeObservable('p 1002ms p', P)
      m.expect(silent(announce$(member('p', 'b:1'))), '^ 1999ms !').toBeObservable('')
    }),
  )

  it(
    'greet a connection at once when it comes up again, because brokers forget us with the old one',
    marbles(m => {
      const { announce$, to } = drawn(m, { gates: { 'b:1': '--u---d----u---------' } })
      m.expect(to('b:1'), '              ^----------------------!').toBeObservable('--p--------p---------p', P)
      m.expect(silent(announce$(member('p', 'b:1'))), '^----------------------!').toBeObservable('')
    }),
  )

  it(
    'begin at a broker that comes into use, and end at one that goes out of use',
    marbles(m => {
      const { announce$, to } = drawn(m)
      const endpoints$ = m.hot('---x-------y---------', { x: new Set(['b:1']), y: new Set(['b:2']) })
      m.expect(to('b:1'), '^----------------------!').toBeObservable('---p', P)
      m.expect(to('b:2'), '^----------------------!').toBeObservable('-----------p---------p', P)
      m.expect(silent(announce$({ producerGroup: 'p', endpoints$ })), '^----------------------!').toBeObservable('')
    }),
  )

  it(
    'to the brokers in use are not disturbed by one that joins them',
    marbles(m => {
      const { announce$, to } = drawn(m)
      const endpoints$ = m.hot('x---y-----------', { x: new Set(['b:1']), y: new Set(['b:1', 'b:2']) })
      m.expect(to('b:1'), '     ^---------------!').toBeObservable('p---------p-----', P)
      m.expect(to('b:2'), '     ^---------------!').toBeObservable('----p---------p-', P)
      m.expect(silent(announce$({ producerGroup: 'p', endpoints$ })), '^----------------!').toBeObservable('')
    }),
  )
})

describe('a member', () => {
  /** `k` when the broker knows the member. */
  const known = (announced$: Observable<Announced>, endpoint = 'b:1', ask$: Observable<unknown> = of('ask')) =>
    announced$.pipe(
      switchMap(({ known$ }) =>
        ask$.pipe(
          mergeMap(() => known$(endpoint)),
          map(() => 'k'),
        ),
      ),
    )

  it(
    'is known when the broker has confirmed a heartbeat that names it',
    marbles(m => {
      const { announce$ } = drawn(m, { answers: { 'b:1': ['---a'] } })
      m.expect(known(announce$(member('p', 'b:1'))), '^------!').toBeObservable('---k')
    }),
  )

  it(
    'is not known by a heartbeat that was under way when it came: only the next one names it',
    marbles(m => {
      const { announce$ } = drawn(m, { answers: { 'b:1': ['----a', '---a'] } })
      m.expect(known(announce$(member('p', 'b:1'))), '^--------!').toBeObservable('----k')
      m.expect(known(announce$(member('q', 'b:1'))), '--^------!').toBeObservable('-------k')
    }),
  )

  it(
    'is known at once to whoever asks later',
    marbles(m => {
      const { announce$ } = drawn(m, { answers: { 'b:1': ['--a'] } })
      const ask$ = m.cold('                                ----x--x')
      m.expect(known(announce$(member('p', 'b:1')), 'b:1', ask$), '^--------!').toBeObservable('----k--k')
    }),
  )

  it(
    'that changed is known anew when the broker has confirmed the change',
    marbles(m => {
      const { announce$ } = drawn(m, { answers: { 'b:1': ['-a', '---a'] } })
      const changing$ = announce$(member('p', 'b:1')).pipe(
        switchMap(({ known$, changed }) =>
          m.cold('   --c--k').pipe(
            filter(what => {
              if (what === 'c') changed()
              return what === 'k'
            }),
            mergeMap(() => known$('b:1')),
            map(() => 'k'),
          ),
        ),
      )
      m.expect(changing$, '^---------!').toBeObservable('-----k')
    }),
  )

  it(
    'is not known on a new connection before that was greeted',
    marbles(m => {
      const { announce$ } = drawn(m, { gates: { 'b:1': 'u---d---u----' }, answers: { 'b:1': ['-a', '---a'] } })
      const ask$ = m.cold('                                -----x-------')
      m.expect(known(announce$(member('p', 'b:1')), 'b:1', ask$), '^-------------!').toBeObservable('-----------k')
    }),
  )

  it(
    'stays known while single heartbeats fail: the broker has confirmed it on this very connection',
    marbles(m => {
      const { announce$ } = drawn(m, { answers: { 'b:1': ['-a', '---#'] } })
      const ask$ = m.cold('                                ---------------x--')
      m.expect(known(announce$(member('p', 'b:1')), 'b:1', ask$), '^-----------------!').toBeObservable(
        '---------------k',
      )
    }),
  )

  it(
    'fails with the stream of its brokers, and leaves',
    marbles(m => {
      const { announce$, to } = drawn(m)
      const endpoints$ = m.cold('x----#', { x: new Set(['b:1']) })
      m.expect(to('b:1'), '      ^-------------------!').toBeObservable('p', P)
      m.expect(silent(announce$({ producerGroup: 'p', endpoints$ })).pipe(errorsAsValues())).toBeObservable(
        '-----(X|)',
        {
          X: 'error',
        },
      )
    }),
  )
})
