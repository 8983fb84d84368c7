import { asyncScheduler, distinctUntilChanged, map, type Observable, switchMap, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { createWriteGate } from '../../src/transport/write-gate.ts'
import { fakeSocket } from '../../test/support/fake-socket.ts'
import { errorsAsValues, marbles, type Marbles } from '../marbles.ts'

const drawn = (m: Marbles, maxWaitingBytes = 100) => {
  const peer = fakeSocket(what => `${what} at ${asyncScheduler.now()}`)
  const gate = createWriteGate(peer.socket, 'b:1', maxWaitingBytes, 1) // no bursts: each write by itself
  const write$ = (text: string): Observable<string> =>
    gate.write$(Buffer.from(text)).pipe(
      map(() => 'w'),
      errorsAsValues(),
    )
  /** `f` the next write fills the socket, `d` it drains, `1` it drains and takes one write, `c` the link closes. */
  const peerDoes = (diagram: string) => {
    const acts: Record<string, () => void> = {
      f: peer.fill,
      d: () => peer.drain(),
      1: () => peer.drain(1),
      c: gate.close,
    }
    m.expect(m.cold<string>(diagram).pipe(tap(letter => acts[letter]?.()))).toBeObservable(diagram)
  }
  const writes = () => peer.log.filter(line => line.startsWith('write'))
  return { gate, write$, peerDoes, writes }
}

const SAID = { w: 'w', O: 'ERR_RMQ_OVERFLOW no', L: 'ERR_RMQ_CONNECT no' }

describe('a write', () => {
  it(
    'is done at once while the socket takes it',
    marbles(m => {
      const { write$, writes } = drawn(m)
      m.expect(write$('a'), '-^  ').toBeObservable('-(w|)', SAID)
      m.expect(write$('b'), '--^ ').toBeObservable('--(w|)', SAID)
      m.flush()
      expect(writes()).toEqual(['write a at 1', 'write b at 2'])
    }),
  )

  it(
    'waits while the socket is full, and is done when it drains, in the order they came',
    marbles(m => {
      const { write$, peerDoes, writes, gate } = drawn(m)
      peerDoes('                      f------d')
      m.expect(gate.writable$).toBeObservable('t-f----t', { t: true, f: false })
      m.expect(write$('a'), '--^     ').toBeObservable('--(w|)', SAID)
      m.expect(write$('b'), '---^    ').toBeObservable('-------(w|)', SAID)
      m.expect(write$('c'), '----^   ').toBeObservable('-------(w|)', SAID)
      m.flush()
      expect(writes()).toEqual(['write a at 2', 'write b at 7', 'write c at 7'])
    }),
  )

  it(
    'waits on when the socket is full again before its turn came',
    marbles(m => {
      const { gate, write$, writes, peerDoes } = drawn(m)
      peerDoes('                      f----1--d')
      m.expect(gate.writable$.pipe(distinctUntilChanged())).toBeObservable('tf------t', { t: true, f: false })
      m.expect(write$('a'), '-^       ').toBeObservable('-(w|)', SAID)
      m.expect(write$('b'), '--^      ').toBeObservable('-----(w|)', SAID)
      m.expect(write$('c'), '---^     ').toBeObservable('--------(w|)', SAID)
      m.flush()
      expect(writes()).toEqual(['write a at 1', 'write b at 5', 'write c at 8'])
    }),
  )

  it(
    'that is unsubscribed while it waits is never done',
    marbles(m => {
      const { write$, peerDoes, writes } = drawn(m)
      peerDoes('                      f-----d')
      m.expect(write$('a'), '-^     ').toBeObservable('-(w|)', SAID)
      m.expect(write$('b'), '--^-!  ').toBeObservable('', SAID)
      m.expect(write$('c'), '---^   ').toBeObservable('------(w|)', SAID)
      m.flush()
      expect(writes()).toEqual(['write a at 1', 'write c at 6'])
    }),
  )

  it(
    'is refused when too many bytes wait, and let in when some of those have left',
    marbles(m => {
      const { write$, peerDoes } = drawn(m, 5)
      peerDoes('                          f-------d')
      m.expect(write$('aaaaaaaa'), '-^       ').toBeObservable('-(w|)', SAID)
      m.expect(write$('bbb'), '     --^--!   ').toBeObservable('', SAID)
      m.expect(write$('ccc'), '     ---^     ').toBeObservable('---(O|)', SAID)
      m.expect(write$('ddddd'), '   ------^  ').toBeObservable('--------(w|)', SAID)
    }),
  )

  it(
    'that waits fails when the link closes, and so does every later one: neither was sent',
    marbles(m => {
      const { gate, write$, peerDoes, writes } = drawn(m)
      peerDoes('                      f---c--d')
      m.expect(gate.writable$).toBeObservable('tf--|', { t: true, f: false })
      m.expect(write$('a'), '-^     ').toBeObservable('-(w|)', SAID)
      m.expect(write$('b'), '--^    ').toBeObservable('----(L|)', SAID)
      m.expect(write$('c'), '-----^ ').toBeObservable('-----(L|)', SAID)
      m.flush()
      expect(writes()).toEqual(['write a at 1'])
    }),
  )

  it(
    'that comes while others wait does not overtake them, not even from within the drain',
    marbles(m => {
      const { gate, write$, peerDoes, writes } = drawn(m)
      peerDoes('                      f----d')
      m.expect(write$('a'), '-^    ').toBeObservable('-(w|)', SAID)
      const thenX$ = gate.write$(Buffer.from('b')).pipe(switchMap(() => gate.write$(Buffer.from('x'))))
      m.expect(thenX$.pipe(map(() => 'w')), '--^   ').toBeObservable('-----(w|)', SAID)
      m.expect(write$('c'), '---^  ').toBeObservable('-----(w|)', SAID)
      m.flush()
      expect(writes()).toEqual(['write a at 1', 'write b at 5', 'write c at 5', 'write x at 5'])
    }),
  )
})
