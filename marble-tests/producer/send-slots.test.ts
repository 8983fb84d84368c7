import { asyncScheduler, defer, filter, map, type Observable, tap, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { notConnected } from '../../src/errors.ts'
import { createSendSlots, type SlotLimits } from '../../src/producer/send-slots.ts'
import { errorsAsValues, marbles, type Marbles } from '../marbles.ts'

/**
 * Sends that are drawn: `w` is when their bytes reach the socket, `s` when they are stored, `#` when they fail. The
 * picture `!` fails at once, when it is subscribed.
 */
const drawn = (m: Marbles, limits: Partial<SlotLimits> = {}) => {
  const slots = createSendSlots({ maxInFlight: 1, maxQueued: 2, maxQueuedBytes: 100, ...limits })
  const log: string[] = []
  const note = (what: string) => log.push(`${what} at ${asyncScheduler.now()}`)
  const send$ = (name: string, diagram: string, bytes = 10): Observable<string> =>
    slots
      .run$({
        bytes,
        work$: written =>
          defer(() => {
            note(`${name} begins`)
            const failure = notConnected('a:1')
            return diagram === '!'
              ? throwError(() => failure)
              : m.cold<string>(diagram.replace('s', '(s|)'), undefined, failure)
          }).pipe(
            tap(event => {
              if (event === 'w') written()
            }),
            filter(event => event === 's'),
          ),
        onLeft: () => note(`${name} left`),
        onAbandoned: how => note(`${name} abandoned, ${how.stored ? 'stored' : 'failed'}`),
      })
      .pipe(errorsAsValues())
  const pressure$ = slots.pressure$.pipe(
    map(
      ({ inFlight, queued, queuedBytes, accepting }) =>
        `${inFlight}+${queued} (${queuedBytes})${accepting ? '' : ' full'}`,
    ),
  )
  return { slots, send$, pressure$, log }
}

const SAID = { s: 's', O: 'ERR_RMQ_OVERFLOW no', C: 'ERR_RMQ_CLOSED no', F: 'ERR_RMQ_CONNECT no' }

describe('sends', () => {
  it(
    'wait for their turn when enough are on the way, and go in the order they came',
    marbles(m => {
      const { send$, log } = drawn(m)
      m.expect(send$('a', '---s'), '^  ').toBeObservable('---(s|)', SAID)
      m.expect(send$('b', '---s'), '-^ ').toBeObservable('------(s|)', SAID)
      m.expect(send$('c', '---s'), '--^').toBeObservable('---------(s|)', SAID)
      m.flush()
      expect(log).toEqual(['a begins at 0', 'b begins at 3', 'c begins at 6'])
    }),
  )

  it(
    'give their place to the next also when they fail',
    marbles(m => {
      const { send$, log } = drawn(m)
      m.expect(send$('a', '--#')).toBeObservable('--(F|)', SAID)
      m.expect(send$('b', '-s')).toBeObservable('---(s|)', SAID)
      m.flush()
      expect(log).toEqual(['a begins at 0', 'b begins at 2'])
    }),
  )

  it(
    'are refused at once when too many wait, and accepted again when there is room',
    marbles(m => {
      const { send$, log } = drawn(m)
      m.expect(send$('a', '----s'), '^        ').toBeObservable('----(s|)', SAID)
      m.expect(send$('b', '----s'), '-^       ').toBeObservable('--------(s|)', SAID)
      m.expect(send$('c', '----s'), '-^       ').toBeObservable('------------(s|)', SAID)
      m.expect(send$('d', '----s'), '--^      ').toBeObservable('--(O|)', SAID)
      m.expect(send$('e', '----s'), '-----^   ').toBeObservable('----------------(s|)', SAID)
      m.flush()
      expect(log.map(line => line[0])).toEqual(['a', 'b', 'c', 'e'])
    }),
  )

  it(
    'are refused when too many bytes wait, but never for the bytes of one that can start at once',
    marbles(m => {
      const { send$ } = drawn(m)
      m.expect(send$('a', '---s', 500)).toBeObservable('---(s|)', SAID)
      m.expect(send$('b', '---s', 60)).toBeObservable('------(s|)', SAID)
      m.expect(send$('c', '---s', 41)).toBeObservable('(O|)', SAID)
      m.expect(send$('d', '---s', 40)).toBeObservable('---------(s|)', SAID)
    }),
  )

  it(
    'are told to be on the way or to wait, and when there is no more room',
    marbles(m => {
      const { send$, pressure$ } = drawn(m, { maxQueued: 1 })
      m.expect(pressure$).toBeObservable('n-a-b-a--n', { n: '0+0 (0)', a: '1+0 (0)', b: '1+1 (10) full' })
      m.expect(send$('a', '----s'), '--^   ').toBeObservable('------(s|)', SAID)
      m.expect(send$('b', '---s'), ' ----^ ').toBeObservable('---------(s|)', SAID)
    }),
  )
})

describe('sends that fail as soon as their turn comes', () => {
  it(
    'give their place back once, and one after the other',
    marbles(m => {
      const { send$, slots, log } = drawn(m)
      m.expect(send$('a', '----#'), '^   ').toBeObservable('----(F|)', SAID)
      m.expect(send$('b', '!'), '-^  ').toBeObservable('----(F|)', SAID)
      m.expect(send$('c', '---s'), ' --^ ').toBeObservable('-------(s|)', SAID)
      const pending$ = m.cold('---x-x--x').pipe(map(() => slots.pending()))
      m.expect(pending$).toBeObservable('---d-b--a', { d: 3, b: 1, a: 0 })
      m.flush()
      expect(log).toEqual(['a begins at 0', 'b begins at 4', 'c begins at 4'])
    }),
  )
})

describe('a send that is unsubscribed', () => {
  it(
    'while it waits is taken out of the line, never begins, and its room is free',
    marbles(m => {
      const { send$, log } = drawn(m)
      m.expect(send$('a', '-----s'), '^    ').toBeObservable('-----(s|)', SAID)
      m.expect(send$('b', '---s'), '  ^-!  ').toBeObservable('', SAID)
      m.expect(send$('c', '---s'), '  -^   ').toBeObservable('--------(s|)', SAID)
      m.expect(send$('d', '---s'), '  ---^ ').toBeObservable('-----------(s|)', SAID)
      m.flush()
      expect(log).toEqual(['a begins at 0', 'c begins at 5', 'd begins at 8'])
    }),
  )

  it(
    'on the way, but before its bytes reached a socket, is cancelled, and the next begins',
    marbles(m => {
      const { send$, log } = drawn(m)
      m.expect(send$('a', '---w--s'), '^-!').toBeObservable('', SAID)
      m.expect(send$('b', '---s'), '   -^ ').toBeObservable('-----(s|)', SAID)
      m.flush()
      expect(log).toEqual(['a begins at 0', 'b begins at 2'])
    }),
  )

  it(
    'after its bytes reached a socket cannot be unsent: it keeps its place, and its end is told',
    marbles(m => {
      const { send$, log, pressure$ } = drawn(m)
      m.expect(pressure$).toBeObservable('n-ab----a--n', { n: '0+0 (0)', a: '1+0 (0)', b: '1+1 (10)' })
      m.expect(send$('a', '-w----s'), '--^--!').toBeObservable('', SAID)
      m.expect(send$('b', '---s'), '   ---^  ').toBeObservable('-----------(s|)', SAID)
      m.flush()
      expect(log).toEqual(['a begins at 2', 'a left at 5', 'a abandoned, stored at 8', 'b begins at 8'])
    }),
  )

  it(
    'after its bytes reached a socket tells of its failure, too',
    marbles(m => {
      const { send$, log } = drawn(m)
      m.expect(send$('a', '-w---#'), '^-!').toBeObservable('', SAID)
      m.flush()
      expect(log).toEqual(['a begins at 0', 'a left at 2', 'a abandoned, failed at 5'])
    }),
  )

  it(
    'by its own result has ended: nothing is abandoned',
    marbles(m => {
      const { send$, log, slots } = drawn(m)
      m.expect(send$('a', 'w--s'), '^---!').toBeObservable('---(s|)', SAID)
      m.flush()
      expect([log, slots.pending()]).toEqual([['a begins at 0'], 0])
    }),
  )
})

describe('a flush', () => {
  it(
    'waits for all that was accepted before it, on the way or not, and for nothing later',
    marbles(m => {
      const { send$, slots } = drawn(m)
      const flushed$ = slots.flushed$.pipe(map(() => 'f'))
      m.expect(flushed$, '            ^     ').toBeObservable('(f|)')
      m.expect(send$('a', '---s'), '  -^    ').toBeObservable('----(s|)', SAID)
      m.expect(send$('b', '---s'), '  -^    ').toBeObservable('-------(s|)', SAID)
      m.expect(flushed$, '            --^   ').toBeObservable('-------(f|)')
      m.expect(send$('c', '---s'), '  ---^  ').toBeObservable('----------(s|)', SAID)
      m.expect(flushed$, '            ----^ ').toBeObservable('----------(f|)')
    }),
  )

  it(
    'waits for what was abandoned, too, and not for what was taken back',
    marbles(m => {
      const { send$, slots } = drawn(m)
      m.expect(send$('a', '-w----s'), '^-!').toBeObservable('', SAID)
      m.expect(send$('b', '------s'), '^--!').toBeObservable('', SAID)
      m.expect(slots.flushed$.pipe(map(() => 'f')), '-^').toBeObservable('------(f|)')
    }),
  )
})

describe('a closing producer', () => {
  it(
    'accepts no more sends, but ends those it accepted',
    marbles(m => {
      const { send$, slots, pressure$ } = drawn(m)
      m.expect(pressure$).toBeObservable('nab--c', {
        n: '0+0 (0)',
        a: '1+0 (0)',
        b: '1+0 (0) full',
        c: '0+0 (0) full',
      })
      m.expect(m.cold('         --r').pipe(tap(() => slots.refuse()))).toBeObservable('--r')
      m.expect(send$('a', '----s'), '-^').toBeObservable('-----(s|)', SAID)
      m.expect(send$('b', '---s'), ' ---^').toBeObservable('---(C|)', SAID)
    }),
  )

  it(
    'fails in the end what still waits, and leaves what is on the way to itself',
    marbles(m => {
      const { send$, slots, log } = drawn(m)
      m.expect(send$('a', '----s')).toBeObservable('----(s|)', SAID)
      m.expect(send$('b', '----s')).toBeObservable('--(C|)', SAID)
      m.expect(send$('c', '----s'), '^!').toBeObservable('', SAID)
      m.expect(m.cold('         --c').pipe(tap(() => slots.close()))).toBeObservable('--c')
      m.flush()
      expect([log, slots.pending()]).toEqual([['a begins at 0'], 0])
    }),
  )
})
