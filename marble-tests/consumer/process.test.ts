import { asyncScheduler, defer, EMPTY, map, type ObservableInput, take, tap, throwError, timer } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { QueueDelivery, type Settler } from '../../src/consumer/queues/delivery.ts'
import { FLOW_DEFAULTS } from '../../src/consumer/options.ts'
import { resolveProcessOptions, type ProcessOptions } from '../../src/consumer/handling/process-options.ts'
import type { Handler } from '../../src/consumer/queues/handler.ts'
import { createWork, type WorkContext } from '../../src/consumer/handling/work.ts'
import { decodeFailed } from '../../src/errors.ts'
import type { Inbound } from '../../src/messages/message.ts'
import { boundedMap } from '../../src/operators/bounded-map.ts'
import { aQueue, aStored } from '../../test/support/builders.ts'
import { errorsAsValues, marbles, type Marbles } from '../marbles.ts'

const PLAIN = { ordering: 'none', model: 'clustering', flow: FLOW_DEFAULTS, settleTimeoutMs: 900_000 } as const

/** Handlers at work on messages that come as drawn, and what becomes of these: `acked at 3` and so on. */
const drawn = (
  handler: Handler,
  options: ProcessOptions = {},
  more: Partial<WorkContext> & { read?: () => Inbound } = {},
) => {
  const log: string[] = []
  const failures: string[] = []
  const stops: unknown[] = []
  const note = (what: string) => () => void log.push(`${what} at ${asyncScheduler.now()}`)
  const { read = () => ({}) as Inbound, ...context } = more
  const settler: Settler = {
    queue: aQueue(),
    maxAttempts: 16,
    acked: note('acked'),
    sendBack: (_, level) => note(level < 0 ? 'dead-lettered' : 'sent back')(),
    released: note('released'),
    read,
    extend$: () => EMPTY,
  }
  const { policy, timeoutMs, concurrency } = resolveProcessOptions(options, PLAIN)
  const work = createWork(handler, {
    timeoutMs,
    policy,
    maxAttempts: 16,
    onDecodeError: 'dead-letter',
    onFailure: (where, error) => failures.push(`${where}: ${error instanceof Error ? error.message : String(error)}`),
    onStop: error => stops.push(error),
    onCut: note('cut'),
    scheduler: asyncScheduler,
    ...context,
  })
  const delivery = () => new QueueDelivery(aStored({ offset: 7 }), 't', settler)
  /** `k` acked, `l` sent back, `d` dead-lettered, `r` released; a failure in capitals. */
  const processed$ = (m: Marbles, diagram: string) =>
    m.cold(diagram).pipe(
      map(delivery),
      boundedMap(work, { concurrency }),
      map(({ settlement, error }) => {
        const letter = { acked: 'k', 'retry-scheduled': 'l', 'dead-lettered': 'd', released: 'r', dropped: 'x' }[
          settlement
        ]
        return error === undefined ? letter : letter.toUpperCase()
      }),
      errorsAsValues(),
    )
  return { processed$, log, failures, stops, delivery, work }
}

describe('a handler', () => {
  it(
    'that completes acknowledges its message, whatever it emitted, and be it nothing',
    marbles(m => {
      const results: ObservableInput<unknown>[] = [m.cold('-x-y|'), EMPTY, [1, 2], m.cold('--|')]
      let next = 0
      const { processed$, log } = drawn(() => results[next++])
      m.expect(processed$(m, 'a-----b-c-d-----|')).toBeObservable('----k-k-k---k---|')
      m.flush()
      expect(log).toEqual(['acked at 4', 'acked at 6', 'acked at 8', 'acked at 12'])
    }),
  )

  it(
    'that returns nothing acknowledges at once',
    marbles(m => {
      const { processed$, log } = drawn(() => undefined)
      m.expect(processed$(m, '-ab|')).toBeObservable('-kk|')
      m.flush()
      expect(log).toEqual(['acked at 1', 'acked at 2'])
    }),
  )

  it(
    'that fails leaves the decision to the policy, and the stream goes on',
    marbles(m => {
      const fails = () => m.cold('--#', {}, new Error('no stock'))
      const { processed$, log, failures } = drawn(fails)
      m.expect(processed$(m, 'a---b|')).toBeObservable('--L---(L|)')
      m.flush()
      expect(log).toEqual(['sent back at 2', 'sent back at 6'])
      expect(failures).toEqual(['handler: no stock', 'handler: no stock'])
    }),
  )

  it(
    'that throws instead of starting has failed, too',
    marbles(m => {
      const throwing = () => {
        throw new Error('no stock')
      }
      const { processed$, failures } = drawn(throwing, { onError: 'dead-letter' })
      m.expect(processed$(m, '-a--b|')).toBeObservable('-D--D|')
      m.flush()
      expect(failures).toEqual(['handler: no stock', 'handler: no stock'])
    }),
  )

  it(
    'that returns what is no stream at all has failed, too: the stream goes on',
    marbles(m => {
      const mistaken = (() => 42) as unknown as Handler
      const { processed$, log } = drawn(mistaken)
      m.expect(processed$(m, '-a--b|')).toBeObservable('-L--L|')
      m.flush()
      expect(log).toEqual(['sent back at 1', 'sent back at 4'])
    }),
  )

  it(
    'that fails is forgiven by policy `ack`, and decided case by case by a function',
    marbles(m => {
      const fails = () => throwError(() => new Error('x'))
      const forgiven = drawn(fails, { onError: 'ack' })
      m.expect(forgiven.processed$(m, 'a|')).toBeObservable('K|')
      const decisions = ['dead-letter', 'retry-later', 'ack'] as const
      let next = 0
      const decided = drawn(fails, { onError: () => decisions[next++]! })
      m.expect(decided.processed$(m, 'abc|')).toBeObservable('DLK|')
    }),
  )

  it(
    'whose policy itself fails gets its message again later: it must not be lost over that',
    marbles(m => {
      const fails = () => throwError(() => new Error('x'))
      const onError = () => {
        throw new Error('y')
      }
      m.expect(drawn(fails, { onError }).processed$(m, 'a|')).toBeObservable('L|')
      m.expect(drawn(fails, { onError: () => 'nonsense' as 'ack' }).processed$(m, 'a|')).toBeObservable('L|')
    }),
  )

  it(
    'that fails stops the consumer by policy `stop`: its message is released, the reason is told',
    marbles(m => {
      const failure = new Error('database is gone')
      const { processed$, stops } = drawn(() => throwError(() => failure), { onError: 'stop' })
      m.expect(processed$(m, '-a|')).toBeObservable('-R|')
      m.flush()
      expect(stops).toEqual([failure])
    }),
  )

  it(
    'that settled its message itself is not overruled, neither by its end nor by its failure',
    marbles(m => {
      const dead = drawn(delivery => {
        delivery.deadLetter()
        return m.cold('--|')
      })
      const failed = drawn(
        delivery => {
          delivery.ack()
          return m.cold('-#')
        },
        { onError: 'stop' },
      )
      m.expect(dead.processed$(m, 'a--|')).toBeObservable('--d|')
      m.expect(failed.processed$(m, 'a--|')).toBeObservable('-K-|')
      m.flush()
      expect([dead.log, failed.log, failed.stops]).toEqual([['dead-lettered at 0'], ['acked at 0'], []])
    }),
  )

  it(
    'that takes too long is unsubscribed, its signal aborted, and it has failed',
    marbles(m => {
      const slow$ = m.cold('----------|')
      let signal: AbortSignal | undefined
      const handler: Handler = delivery => {
        signal = delivery.signal
        return slow$
      }
      const { processed$, failures } = drawn(handler, { timeoutMs: 4 })
      m.expect(processed$(m, '-a-----|')).toBeObservable('-----L-|')
      m.expect(slow$).toHaveSubscriptions('               -^---!')
      m.flush()
      expect(failures).toEqual(['handler: the handler took longer than 4 ms'])
      expect(signal?.aborted).toBe(true)
    }),
  )

  it(
    'that ends in time is not disturbed by its deadline, nor is its signal aborted',
    marbles(m => {
      const signals: AbortSignal[] = []
      const handler: Handler = delivery => {
        signals.push(delivery.signal)
        return m.cold('---|')
      }
      const { processed$, failures } = drawn(handler, { timeoutMs: 4 })
      m.expect(processed$(m, 'a---------|')).toBeObservable('---k------|')
      m.flush()
      expect([failures, signals[0]?.aborted]).toEqual([[], false])
    }),
  )

  it(
    'that is unsubscribed at work gives its message back, uncounted, and its signal is aborted',
    marbles(m => {
      const signals: AbortSignal[] = []
      const work$ = m.cold('-----|')
      const { processed$, log } = drawn(delivery => {
        signals.push(delivery.signal)
        return work$
      })
      m.expect(processed$(m, 'a'), '^--!').toBeObservable('')
      m.expect(work$).toHaveSubscriptions('^--!')
      m.flush()
      expect([log, signals[0]?.aborted]).toEqual([['released at 3', 'cut at 3'], true])
    }),
  )

  it(
    'is the last one when its result was enough: that message stays acknowledged, those at work go back',
    marbles(m => {
      const { processed$, log } = drawn(() => m.cold('---|'))
      m.expect(processed$(m, 'a-b').pipe(take(1))).toBeObservable('---(k|)')
      m.flush()
      expect(log).toEqual(['acked at 3', 'released at 3', 'cut at 3'])
    }),
  )

  it(
    'works on no more messages at once than allowed',
    marbles(m => {
      const { processed$ } = drawn(() => timer(5), { concurrency: 2 })
      m.expect(processed$(m, '(abc|)')).toBeObservable('-----(kk)-(k|)')
    }),
  )
})

describe('a message that cannot be read', () => {
  it(
    'never reaches the handler: its own policy decides, which is told, and the stream goes on',
    marbles(m => {
      let handled = 0
      const read = () => {
        throw decodeFailed('the body is not JSON')
      }
      const { processed$, log, failures } = drawn(() => void handled++, { onError: 'ack' }, { read })
      m.expect(processed$(m, '-a-b|')).toBeObservable('-D-D|')
      m.flush()
      expect([handled, log]).toEqual([0, ['dead-lettered at 1', 'dead-lettered at 3']])
      expect(failures[0]).toBe('decode: the body is not JSON')
    }),
  )
})

describe('the settlement of a message', () => {
  it(
    'is the first one: later ones are ignored',
    marbles(m => {
      const { delivery, log } = drawn(() => undefined)
      const one = delivery()
      const settle: Record<string, () => void> = {
        a: () => one.retryLater({ delayLevel: 3 }),
        b: () => one.ack(),
        c: () => one.deadLetter(),
        d: () => one.release(),
      }
      m.expect(m.cold<string>('-a-b-c-d').pipe(tap(which => settle[which]?.()))).toBeObservable('-a-b-c-d')
      m.flush()
      expect([log, one.decision]).toEqual([['sent back at 1'], 'retry-scheduled'])
    }),
  )

  it(
    'is told when the broker side of it is done, and to whoever asks later',
    marbles(m => {
      const { delivery } = drawn(() => undefined)
      const one = delivery()
      m.expect(one.settled$, '^       ').toBeObservable('---(s|)', { s: 'acked' })
      m.expect(one.settled$, '-----^  ').toBeObservable('-----(s|)', { s: 'acked' })
      m.expect(m.cold('---f').pipe(tap(() => one.finish('acked')))).toBeObservable('---f')
      const unasked = delivery()
      unasked.finish('released')
      m.expect(defer(() => unasked.settled$)).toBeObservable('(s|)', { s: 'released' })
    }),
  )
})
