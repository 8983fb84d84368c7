import Long from 'long'
import { asyncScheduler, of } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { routeNotFound } from '../../src/errors.ts'
import type { QueueSelector } from '../../src/producer/selection.ts'
import type { Board } from '../../src/producer/board.ts'
import { masterOf } from '../../src/protocol/bodies/routes.ts'
import { marbles } from '../marbles.ts'
import { BOARD, drawSend, ROUTE } from './send-drawn.ts'

describe('a message', () => {
  it(
    'that is stored at once was sent once, to the next queue of the rotation',
    marbles(m => {
      const { sent$, tries, written, results } = drawSend(m, ['--s'])
      m.expect(sent$).toBeObservable('--(s|)')
      m.flush()
      expect([tries, written]).toEqual([['a:1 q0 at 0 for 1000'], [0]])
      expect(results).toMatchObject([
        { messageId: 'the id', attempts: 1, elapsedMs: 2, queueOffset: Long.fromNumber(5) },
      ])
    }),
  )

  it(
    'refused by one broker is offered to another, under the same id',
    marbles(m => {
      const { sent$, tries, headers, events, results } = drawSend(m, ['--e', '---s'])
      m.expect(sent$).toBeObservable('-----(s|)')
      m.flush()
      expect(tries).toEqual(['a:1 q0 at 0 for 1000', 'b:1 q0 at 2 for 998!'])
      expect(headers.map(({ properties }) => properties)).toEqual([headers[0]?.properties, headers[0]?.properties])
      expect(results).toMatchObject([{ attempts: 2, elapsedMs: 5 }])
      expect(events).toMatchObject([{ type: 'send-retried', messageId: 'the id', error: { responseCode: 1 } }])
    }),
  )

  it(
    'that all brokers have failed goes to one that did not fail it last',
    marbles(m => {
      const { sent$, tries } = drawSend(m, ['-e', '-e', '-s'])
      m.expect(sent$).toBeObservable('---(s|)')
      m.flush()
      expect(tries.map(one => one.slice(0, 3))).toEqual(['a:1', 'b:1', 'a:1'])
    }),
  )

  it(
    'is given up after the repeats allowed, and every attempt is listed',
    marbles(m => {
      const { sent$, errors } = drawSend(m, ['-e', '--c', '-e'], { retries: 2 })
      m.expect(sent$).toBeObservable('----(X|)', { X: 'ERR_RMQ_BROKER no' })
      m.flush()
      expect(errors[0]).toMatchObject({ topic: 't', queue: 't@a:0', endpoint: 'a:1' })
      expect(errors[0]?.attempts).toEqual([
        { endpoint: 'a:1', code: 'ERR_RMQ_BROKER', sent: 'no', responseCode: 1, elapsedMs: 1 },
        { endpoint: 'b:1', code: 'ERR_RMQ_CONNECT', sent: 'no', elapsedMs: 2 },
        { endpoint: 'a:1', code: 'ERR_RMQ_BROKER', sent: 'no', responseCode: 1, elapsedMs: 1 },
      ])
    }),
  )

  it(
    'waits a little before it is offered again to brokers that are busy, each time longer',
    marbles(m => {
      const { sent$, tries } = drawSend(m, ['-b', '-b', '-s'])
      m.expect(sent$).toBeObservable('153ms (s|)')
      m.flush()
      expect(tries).toEqual(['a:1 q0 at 0 for 1000', 'b:1 q0 at 51 for 949!', 'a:1 q0 at 152 for 848!'])
    }),
  )

  it(
    'is not repeated when the broker says that the message itself is wrong, or that it may not be sent',
    marbles(m => {
      const illegal = drawSend(m, ['-i', '-s'])
      const denied = drawSend(m, ['-p', '-s'])
      m.expect(illegal.sent$).toBeObservable('-(X|)', { X: 'ERR_RMQ_BROKER no' })
      m.expect(denied.sent$).toBeObservable(' -(X|)', { X: 'ERR_RMQ_BROKER no' })
      m.flush()
      expect([illegal.tries.length, denied.tries.length]).toEqual([1, 1])
    }),
  )

  it(
    'that may have been stored is repeated by policy `java`, and not by policy `safe`',
    marbles(m => {
      const java = drawSend(m, ['--l', '-s'], { retry: 'java' })
      const safe = drawSend(m, ['--l', '-s'], { retry: 'safe' })
      m.expect(java.sent$).toBeObservable('---(s|)')
      m.expect(safe.sent$).toBeObservable('--(X|)', { X: 'ERR_RMQ_CONNECT maybe' })
      m.flush()
      expect(java.results).toMatchObject([{ attempts: 2 }])
    }),
  )

  it(
    'that certainly was not stored is repeated by policy `safe`, too',
    marbles(m => {
      const { sent$ } = drawSend(m, ['-c', '-e', '-s'], { retry: 'safe' })
      m.expect(sent$).toBeObservable('---(s|)')
    }),
  )

  it(
    'may be stored if any of its attempts may be, whatever the last one was',
    marbles(m => {
      const { sent$, errors } = drawSend(m, ['-l', '-c'], { retries: 1 })
      m.expect(sent$).toBeObservable('--(X|)', { X: 'ERR_RMQ_CONNECT maybe' })
      m.flush()
      expect(errors[0]?.attempts.map(({ sent }) => sent)).toEqual(['maybe', 'no'])
    }),
  )

  it(
    'is given up when its time is over, and says so, with what happened before as the cause',
    marbles(m => {
      const { sent$, tries, errors } = drawSend(m, ['------e', '----e', '-s'], { timeoutMs: 10 })
      m.expect(sent$).toBeObservable('----------(X|)', { X: 'ERR_RMQ_TIMEOUT no' })
      m.flush()
      expect(tries).toEqual(['a:1 q0 at 0 for 10', 'b:1 q0 at 6 for 4!'])
      expect(errors[0]).toMatchObject({
        message: 'sending to topic "t" took longer than 10 ms',
        cause: { responseCode: 1 },
      })
    }),
  )

  it(
    'is not offered once more when its time ends while it waits for a busy broker',
    marbles(m => {
      const { sent$, tries } = drawSend(m, ['-----b', '-s'], { timeoutMs: 20 })
      m.expect(sent$).toBeObservable('--------------------(X|)', { X: 'ERR_RMQ_TIMEOUT no' })
      m.flush()
      expect(tries).toHaveLength(1)
    }),
  )

  it(
    'with a sharding key stays on its queue, over all repeats, and waits for its connection',
    marbles(m => {
      const { sent$, tries } = drawSend(m, ['-e', '-c', '-s'], { shardKey: 'order-1' })
      m.expect(sent$).toBeObservable('---(s|)')
      m.flush()
      const where = tries.map(one => one.split(' at ')[0])
      expect(new Set(where).size).toBe(1)
      expect(tries.every(one => one.endsWith('!'))).toBe(true)
    }),
  )

  it(
    'does not wait for a connection that is down while there is another broker to try',
    marbles(m => {
      const { sent$, tries } = drawSend(m, ['c', '-s'])
      m.expect(sent$).toBeObservable('-(s|)')
      m.flush()
      expect(tries).toEqual(['a:1 q0 at 0 for 1000', 'b:1 q0 at 0 for 1000!'])
    }),
  )

  it(
    'is offered to another broker when the route names no address for the first',
    marbles(m => {
      const halfKnown: Board = { ...BOARD, masterOf: name => (name === 'a' ? undefined : masterOf(ROUTE, name)) }
      const { sent$, tries } = drawSend(m, ['-s'], { board$: of(halfKnown) })
      m.expect(sent$).toBeObservable('-(s|)')
      m.flush()
      expect(tries).toEqual(['b:1 q0 at 0 for 1000!'])
    }),
  )

  it(
    'whose connection fails has its route asked again, and so has one sent by the template once it is stored',
    marbles(m => {
      const failed = drawSend(m, ['-c', '-s'])
      const first = drawSend(m, ['-s'], { board$: of({ ...BOARD, isNewTo: () => true }) })
      const usual = drawSend(m, ['-e', '-s'])
      m.expect(failed.sent$).toBeObservable('--(s|)')
      m.expect(first.sent$).toBeObservable(' -(s|)')
      m.expect(usual.sent$).toBeObservable(' --(s|)')
      m.flush()
      expect([failed.refreshed, first.refreshed, usual.refreshed]).toEqual([['t'], ['t'], []])
    }),
  )

  it(
    'without a route waits for one, and fails with the reason why there is none',
    marbles(m => {
      const found = drawSend(m, ['-s'], { board$: m.cold('---b', { b: BOARD }) })
      const none = drawSend(m, ['-s'], {
        board$: m.cold('--#', {}, routeNotFound('t', 'the name server does not know it')),
      })
      m.expect(found.sent$).toBeObservable('----(s|)')
      m.expect(none.sent$).toBeObservable(' --(X|)', { X: 'ERR_RMQ_ROUTE_NOT_FOUND no' })
      m.flush()
      expect([found.tries, none.tries]).toEqual([['a:1 q0 at 3 for 997'], []])
    }),
  )

  it(
    'that nobody waits for any more is not repeated',
    marbles(m => {
      const { sent$, tries } = drawSend(m, ['--l', '-s'], { givenUp: () => asyncScheduler.now() >= 1 })
      m.expect(sent$).toBeObservable('--(X|)', { X: 'ERR_RMQ_CONNECT maybe' })
      m.flush()
      expect(tries).toHaveLength(1)
    }),
  )

  it(
    'unsubscribed ends its attempt, and none follows',
    marbles(m => {
      const { sent$, tries } = drawSend(m, ['----e', '-s'])
      m.expect(sent$, '^--!').toBeObservable('')
      m.flush()
      expect(tries).toHaveLength(1)
    }),
  )

  it(
    'finds its queue by chance, if told to',
    marbles(m => {
      const chances = [0.75, 0]
      const random = () => chances.shift() ?? 0
      const { sent$, tries } = drawSend(m, ['-e', '-s'], { select: 'random', random })
      m.expect(sent$).toBeObservable('--(s|)')
      m.flush()
      expect(tries.map(one => one.slice(0, 6))).toEqual(['b:1 q1', 'a:1 q0'])
    }),
  )

  it(
    'whose queue cannot be chosen fails, whether its route was known, came later, or it is a repeat',
    marbles(m => {
      const picky = (choices: number): QueueSelector => {
        return ({ queues }) => {
          if (choices-- > 0) return queues[0]
          throw new Error('no taste')
        }
      }
      const said = { X: 'ERR_RMQ_ILLEGAL no' }
      m.expect(drawSend(m, [], { select: picky(0) }).sent$).toBeObservable('(X|)', said)
      const later = { board$: m.cold('---b', { b: BOARD }), select: picky(0) }
      m.expect(drawSend(m, [], later).sent$).toBeObservable('---(X|)', said)
      m.expect(drawSend(m, ['-e'], { select: picky(1) }).sent$).toBeObservable('-(X|)', said)
    }),
  )
})
