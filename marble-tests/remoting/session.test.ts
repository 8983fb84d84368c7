import { map, merge, NEVER, of, type Observable, switchMap, take, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { connectionLost } from '../../src/errors.ts'
import { isResponse, requestFrame, responseFrame, type Frame } from '../../src/protocol/frames/frame.ts'
import type { Connection } from '../../src/remoting/connection.ts'
import { session$ } from '../../src/remoting/session.ts'
import { errorsAsValues, marbles } from '../marbles.ts'

const connection = (frames$: Observable<Frame>, written: Frame[] = []): Connection => ({
  endpoint: 'b:1',
  frames$,
  write$: frame => {
    written.push(frame)
    return of(undefined)
  },
  writable$: of(true),
  counters: () => ({ framesIn: 3, framesOut: 1, bytesIn: 30, bytesOut: 10 }),
})

describe('a session', () => {
  it(
    'is there as soon as the connection is, and ends with it, with its reason',
    marbles(m => {
      const frames$ = m.hot<Frame>('   -----#', {}, connectionLost('b:1', 'no'))
      const connection$ = m.cold('     --c---', { c: connection(frames$) })
      const expected = '               --s--(X|)'
      m.expect(
        session$(connection$).pipe(
          map(() => 's'),
          errorsAsValues(),
        ),
      ).toBeObservable(expected, { s: 's', X: 'ERR_RMQ_CONNECT no' })
    }),
  )

  it(
    'hangs up when it is unsubscribed',
    marbles(m => {
      const frames$ = m.hot<Frame>('   -------')
      const connection$ = m.cold('     -c-----', { c: connection(frames$) })
      m.expect(session$(connection$).pipe(map(() => 's')), '^---!').toBeObservable('-s')
      m.expect(connection$).toHaveSubscriptions('^---!')
      m.expect(frames$).toHaveSubscriptions('   -^--!')
    }),
  )

  it(
    'answers a question that is asked at once: it listens before it is told',
    marbles(m => {
      const frames$ = m.hot('          ----a', { a: responseFrame({ opaque: 1 }, 0, { remark: 'yes' }) })
      const connection$ = m.cold('     -c---', { c: connection(frames$) })
      const asked$ = session$(connection$).pipe(
        switchMap(session => session.request$(requestFrame(7), 50)),
        take(1),
        map(({ remark }) => remark),
      )
      m.expect(asked$).toBeObservable('----(a|)', { a: 'yes' })
      m.expect(connection$).toHaveSubscriptions('^---!')
    }),
  )

  it(
    'hands on what the server asks, and nothing else',
    marbles(m => {
      const asked = requestFrame(40, { opaque: 77 })
      const frames$ = m.hot('          --a-q-', { a: responseFrame({ opaque: 5 }, 0), q: asked })
      const inbound$ = session$(m.cold('c', { c: connection(frames$) })).pipe(switchMap(session => session.inbound$))
      m.expect(inbound$).toBeObservable('----q', { q: asked })
    }),
  )

  it(
    'replies with the number of the question',
    marbles(m => {
      const written: Frame[] = []
      const frames$ = m.hot('          --q-', { q: requestFrame(40, { opaque: 77 }) })
      const replied$ = session$(m.cold('c', { c: connection(frames$, written) })).pipe(
        switchMap(session =>
          session.inbound$.pipe(switchMap(question => session.reply$(responseFrame(question, 0)).pipe(map(() => 'r')))),
        ),
      )
      m.expect(replied$).toBeObservable('--r')
      m.flush()
      expect(written.map(frame => [frame.opaque, isResponse(frame)])).toEqual([[77, true]])
    }),
  )

  it(
    'tells how much is on the way and what was carried',
    marbles(m => {
      const told: number[] = []
      const looked$ = session$(m.cold('c', { c: connection(NEVER) })).pipe(
        switchMap(session =>
          merge(
            session.request$(requestFrame(7), 5),
            m.cold('---n--n').pipe(tap(() => told.push(session.inFlight(), session.counters().framesIn))),
          ),
        ),
        errorsAsValues(),
      )
      m.expect(looked$).toBeObservable('---n-(X|)', { n: 'n', X: 'ERR_RMQ_TIMEOUT maybe' })
      m.flush()
      expect(told).toEqual([1, 3])
    }),
  )
})
