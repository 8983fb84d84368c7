import { asyncScheduler, map, merge, type Observable, switchMap, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { link$, type Link } from '../../src/transport/link.ts'
import { fakeSocket } from '../../test/support/fake-socket.ts'
import { errorsAsValues, marbles, type Marbles } from '../marbles.ts'

const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })

/** `C` connects, `a` and `b` are data, `E` the other side ends, `X` fails, `P` bytes are pending from now on. */
const drawn = (m: Marbles, diagram: string) => {
  const peer = fakeSocket(what => `${what} at ${asyncScheduler.now()}`)
  const acts: Record<string, () => void> = {
    C: peer.connect,
    a: () => peer.data('a'),
    b: () => peer.data('b'),
    E: peer.end,
    X: () => peer.fail(refused),
    P: () => peer.pending(10),
  }
  m.expect(m.cold<string>(diagram).pipe(tap(letter => acts[letter]?.()))).toBeObservable(diagram)
  const errors: Error[] = []
  const all$ = link$('b:1', { dial: () => peer.socket, connectTimeoutMs: 5 })
  const noted = <T>(source$: Observable<T>) =>
    source$.pipe(tap({ error: (error: unknown) => errors.push(error as Error) }), errorsAsValues())
  /** `c` when connected. */
  const state$ = noted(all$.pipe(map(() => 'c')))
  /** The bytes. */
  const bytes$ = noted(
    all$.pipe(
      switchMap((link: Link) => link.bytes$),
      map(chunk => chunk.toString()),
    ),
  )
  return { state$, bytes$, log: peer.log, errors, link$: all$, peer }
}

const SAID = { c: 'c', a: 'a', b: 'b', L: 'ERR_RMQ_CONNECT no' }

describe('a link', () => {
  it(
    'is there when the socket is connected, and brings what arrives',
    marbles(m => {
      const { bytes$ } = drawn(m, '--C-a-b---')
      m.expect(bytes$, '           ^--------!').toBeObservable('----a-b', SAID)
    }),
  )

  it(
    'stays while nothing happens, and is closed when nobody wants it any more',
    marbles(m => {
      const { state$, log } = drawn(m, '-C')
      m.expect(state$, '                ^ 99ms !').toBeObservable('-c', SAID)
      m.flush()
      expect(log).toEqual(['destroy at 100'])
    }),
  )

  it(
    'cannot be had when the connection is refused, and says why',
    marbles(m => {
      const { state$, errors } = drawn(m, '--X')
      m.expect(state$).toBeObservable('    --(L|)', SAID)
      m.flush()
      expect(errors[0]).toMatchObject({ message: 'no connection to b:1: connect ECONNREFUSED', cause: refused })
    }),
  )

  it(
    'cannot be had when nobody answers the dial in time; the socket is given up',
    marbles(m => {
      const { state$, log, errors } = drawn(m, '')
      m.expect(state$).toBeObservable('-----(L|)', SAID)
      m.flush()
      expect(log).toEqual(['destroy at 5'])
      expect(errors[0]?.message).toContain('not connected within 5 ms')
    }),
  )

  it(
    'is lost when the other side ends it, politely or not: that is a failure to us',
    marbles(m => {
      const polite = drawn(m, '-C-a-E')
      const rude = drawn(m, '  -C-a-X')
      m.expect(polite.bytes$).toBeObservable('---a-(L|)', SAID)
      m.expect(rude.bytes$).toBeObservable('  ---a-(L|)', SAID)
      m.flush()
      expect([polite.errors[0]?.message, rude.errors[0]?.message]).toEqual([
        'connection to b:1 lost',
        'connection to b:1 lost: connect ECONNREFUSED',
      ])
    }),
  )

  it(
    'is not told to be late when it is connected in time',
    marbles(m => {
      const { state$ } = drawn(m, '----C')
      m.expect(state$, '^ 99ms !').toBeObservable('----c', SAID)
    }),
  )

  it(
    'tells those who read first, then those who would dial again',
    marbles(m => {
      const order: string[] = []
      const { link$: all$ } = drawn(m, '-C--X')
      const told$ = all$.pipe(
        switchMap(({ bytes$ }) => bytes$.pipe(tap({ error: () => order.push('reader') }))),
        tap({ error: () => order.push('owner') }),
        errorsAsValues(),
      )
      m.expect(told$).toBeObservable('----(L|)', SAID)
      m.flush()
      expect(order).toEqual(['reader', 'owner'])
    }),
  )

  it(
    'survives an error that comes after its end',
    marbles(m => {
      const { state$ } = drawn(m, '-C---X')
      m.expect(state$, '          ^-!').toBeObservable('-c', SAID)
    }),
  )

  it(
    'that is given up while it connects is dropped at once',
    marbles(m => {
      const { state$, log } = drawn(m, '---C')
      m.expect(state$, '^-!').toBeObservable('')
      m.flush()
      expect(log).toEqual(['destroy at 2'])
    }),
  )

  it(
    'that is given up lets what was written leave, but not for long',
    marbles(m => {
      const { state$, log } = drawn(m, '-CP')
      m.expect(state$, '                ^---!').toBeObservable('-c', SAID)
      m.flush()
      expect(log).toEqual(['destroy soon at 4', 'destroy at 1004'])
    }),
  )

  it(
    'refuses an address that is none, before it dials',
    marbles(m => {
      const dialed: unknown[] = []
      const dial = (endpoint: unknown) => {
        dialed.push(endpoint)
        return fakeSocket().socket
      }
      m.expect(merge(link$('nonsense', { dial }), link$('b:0', { dial })).pipe(errorsAsValues())).toBeObservable(
        '(X|)',
        {
          X: 'ERR_RMQ_ILLEGAL no',
        },
      )
      m.flush()
      expect(dialed).toEqual([])
    }),
  )
})
