import Long from 'long'
import { asyncScheduler, defer, map, type Observable, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { notConnected, type RocketError } from '../../src/errors.ts'
import type { ReportedEvent } from '../../src/observability/events.ts'
import { createSettle } from '../../src/producer/on-send-error.ts'
import { sendAll, sendFrom$, type Sends, type SendStreamOptions } from '../../src/producer/send-all.ts'
import type { SendOne, SendOutcome } from '../../src/producer/send-outcome.ts'
import type { SendResult } from '../../src/producer/send-result.ts'
import { errorsAsValues, marbles, type Marbles } from '../marbles.ts'

const result = { queueOffset: Long.ZERO } as SendResult

/** Sends of letters, each drawn: `s` stored, `#` failed; 4 ms where nothing is said. */
const drawn = (m: Marbles, options: SendStreamOptions<string> = {}, sends: Readonly<Record<string, string>> = {}) => {
  const log: string[] = []
  const events: ReportedEvent[] = []
  const errors: RocketError[] = []
  const send$: SendOne<string> = (input, note) =>
    defer(() => {
      log.push(`${input} at ${asyncScheduler.now()}`)
      const diagram = sends[input] ?? '----s'
      const outcome: SendOutcome<string> = diagram.includes('#')
        ? { ok: false, input, error: notConnected('a:1') }
        : { ok: true, input, result }
      return m.cold(diagram.replace(/[s#]/, '(x|)')).pipe(
        map(() => outcome),
        tap(note),
      )
    })
  const report = (event: ReportedEvent): void => void events.push(event)
  const gather = () => {
    throw new Error('nothing gathers here')
  }
  const settle = createSettle(options.onError, { send$: () => m.cold('--s'), report })
  const ways: Sends<string> = { one$: send$, gather, settle, report }
  const shown = (outcomes$: Observable<SendOutcome<string>>) =>
    outcomes$.pipe(
      tap({ error: (error: unknown) => errors.push(error as RocketError) }),
      map(outcome => (outcome.ok ? outcome.input : outcome.input.toUpperCase())),
      errorsAsValues(),
    )
  const sent$ = (source$: Observable<string>) => shown(source$.pipe(sendAll(ways, options)))
  const pulled$ = (source: Iterable<string> | AsyncIterable<string>) => shown(sendFrom$(source, ways, options))
  return { sent$, pulled$, log, events, errors }
}

/** A letter is an input that was stored, in capitals one that was not; X the end by failure. */
const SAID = {
  ...Object.fromEntries('a b c d e f A B C D E F'.split(' ').map(letter => [letter, letter])),
  X: 'ERR_RMQ_STREAM_STOPPED no',
}

describe('a stream of sends', () => {
  it(
    'has so many on the way at once, tells each as it is stored, and completes after the last',
    marbles(m => {
      const { sent$, log } = drawn(m, { concurrency: 2 }, { a: '-------s' })
      const source = m.hot('  abc|       ')
      const expected = '      -----b-a-(c|)'
      m.expect(sent$(source)).toBeObservable(expected, SAID)
      m.flush()
      expect(log).toEqual(['a at 0', 'b at 1', 'c at 5'])
    }),
  )

  it(
    'tells its outcomes in the order of their inputs, if asked to',
    marbles(m => {
      const { sent$ } = drawn(m, { concurrency: 3, order: 'source' }, { a: '-------s' })
      const source = m.hot('  abc|   ')
      const expected = '      -------(abc|)'
      m.expect(sent$(source)).toBeObservable(expected, SAID)
    }),
  )

  it(
    'sends the inputs of one key one after the other, beside those of other keys',
    marbles(m => {
      const { sent$, log } = drawn(m, { keyBy: letter => (letter === 'c' ? 'other' : 'same') })
      const source = m.hot('  abc|     ')
      const expected = '      ----a-c-(b|)'
      m.expect(sent$(source)).toBeObservable(expected, SAID)
      m.flush()
      expect(log).toEqual(['a at 0', 'c at 2', 'b at 4'])
    }),
  )

  it(
    'ends with the failure of its source, and cancels what is on the way',
    marbles(m => {
      const { sent$ } = drawn(m)
      const source = m.hot('  a----b-#', undefined, notConnected('source'))
      const expected = '      ----a--(F|)'
      m.expect(sent$(source)).toBeObservable(expected, { a: 'a', F: 'ERR_RMQ_CONNECT no' })
    }),
  )

  it(
    'sends nothing more when unsubscribed',
    marbles(m => {
      const { sent$, log } = drawn(m, { concurrency: 1 })
      const source = m.hot('  abc----')
      const until = '         ^----!'
      const expected = '      ----a'
      m.expect(sent$(source), until).toBeObservable(expected, SAID)
      m.expect(source).toHaveSubscriptions(until)
      m.flush()
      expect(log).toEqual(['a at 0', 'b at 4'])
    }),
  )
})

describe('a stream of sends, when one fails', () => {
  it(
    'by default sends nothing new, tells what was on the way, then ends, with what failed and all that was not sent',
    marbles(m => {
      const { sent$, log, errors } = drawn(m, { concurrency: 2 }, { a: '--#', b: '-----s' })
      const source = m.hot('  (abcd)-e')
      const taken = '         ^-!     '
      const expected = '      -----(bX|)'
      m.expect(sent$(source)).toBeObservable(expected, SAID)
      m.expect(source).toHaveSubscriptions(taken)
      m.flush()
      expect(log).toEqual(['a at 0', 'b at 0'])
      expect(errors[0]).toMatchObject({ input: 'a', unsent: ['c', 'd'], cause: { code: 'ERR_RMQ_CONNECT' } })
    }),
  )

  it(
    'lists what failed while it was on the way with what was not sent',
    marbles(m => {
      const { sent$, errors } = drawn(m, { concurrency: 2 }, { a: '--#', b: '-----#' })
      const source = m.hot('  (abc|)')
      const expected = '      -----(X|)'
      m.expect(sent$(source)).toBeObservable(expected, SAID)
      m.flush()
      expect(errors[0]).toMatchObject({ input: 'a', unsent: ['b', 'c'] })
    }),
  )

  it(
    'stops sending at once, though the failure waits for its turn to be told',
    marbles(m => {
      const { sent$, log, errors } = drawn(m, { concurrency: 2, order: 'source' }, { a: '------s', b: '--#' })
      const source = m.hot('  (abc|)')
      const expected = '      ------(aX|)'
      m.expect(sent$(source)).toBeObservable(expected, SAID)
      m.flush()
      expect(log).toEqual(['a at 0', 'b at 0'])
      expect(errors[0]).toMatchObject({ input: 'b', unsent: ['c'] })
    }),
  )

  it(
    'goes on where a failure is an outcome like any other',
    marbles(m => {
      const { sent$ } = drawn(m, { onError: 'continue', concurrency: 1 }, { a: '--#', b: '-#' })
      const source = m.hot('  abc|   ')
      const expected = '      --AB---(c|)'
      m.expect(sent$(source)).toBeObservable(expected, SAID)
    }),
  )

  it(
    'goes on with the next input of a key where a failure is an outcome',
    marbles(m => {
      const { sent$, log } = drawn(m, { onError: 'continue', keyBy: () => 'same' }, { a: '---#' })
      const source = m.hot('  ab|    ')
      const expected = '      ---A---(b|)'
      m.expect(sent$(source)).toBeObservable(expected, SAID)
      m.flush()
      expect(log).toEqual(['a at 0', 'b at 3'])
    }),
  )
})

describe('a stream of sends that is faster than the brokers', () => {
  const buffer = (overflow: 'error' | 'drop-newest' | 'drop-oldest') => ({ count: 1, overflow })

  it(
    'ends, by default, with the input that found no room, after what it had accepted and begun',
    marbles(m => {
      const { sent$, errors, log } = drawn(m, { concurrency: 1, buffer: buffer('error') })
      const source = m.hot('  abc|')
      const expected = '      ----(aX|)'
      m.expect(sent$(source)).toBeObservable(expected, SAID)
      m.flush()
      expect(errors[0]).toMatchObject({ input: 'c', unsent: ['b'], cause: { code: 'ERR_RMQ_OVERFLOW' } })
      expect(log).toEqual(['a at 0'])
    }),
  )

  it(
    'tells of the input that found no room, and goes on, where failures are outcomes',
    marbles(m => {
      const { sent$, events } = drawn(m, { concurrency: 1, buffer: buffer('error'), onError: 'continue' })
      const source = m.hot('  abcd|     ')
      const expected = '      --CDa---(b|)'
      m.expect(sent$(source)).toBeObservable(expected, SAID)
      m.flush()
      expect(events).toEqual([])
    }),
  )

  it(
    'drops the newest input, or the one that waits longest, if told to, and reports it',
    marbles(m => {
      const newest = drawn(m, { concurrency: 1, buffer: buffer('drop-newest') })
      const oldest = drawn(m, { concurrency: 1, buffer: buffer('drop-oldest') })
      const source = m.hot('        abc|     ')
      m.expect(newest.sent$(source)).toBeObservable('----a---(b|)', SAID)
      m.expect(oldest.sent$(source)).toBeObservable('----a---(c|)', SAID)
      m.flush()
      expect(newest.events).toEqual([{ type: 'input-dropped', policy: 'drop-newest' }])
      expect(oldest.events).toEqual([{ type: 'input-dropped', policy: 'drop-oldest' }])
    }),
  )

  it(
    'tells of a dropped input, too, where failures are outcomes: every input has one',
    marbles(m => {
      const { sent$ } = drawn(m, { concurrency: 1, buffer: buffer('drop-oldest'), onError: 'continue' })
      const source = m.hot('  abc|      ')
      const expected = '      --B-a---(c|)'
      m.expect(sent$(source)).toBeObservable(expected, SAID)
    }),
  )
})

describe('what is pulled to be sent', () => {
  /** Notes when it is asked, and when it is told that it will not be asked any more. */
  const asked = (log: string[], ...letters: string[]): Iterable<string> => ({
    *[Symbol.iterator]() {
      try {
        for (const letter of letters) {
          log.push(`asked for ${letter} at ${asyncScheduler.now()}`)
          yield letter
        }
      } finally {
        log.push(`over at ${asyncScheduler.now()}`)
      }
    },
  })

  it(
    'is asked for only when it can be sent',
    marbles(m => {
      const { pulled$, log } = drawn(m, { concurrency: 1 })
      m.expect(pulled$(asked(log, 'a', 'b', 'c'))).toBeObservable('----a---b---(c|)', SAID)
      m.flush()
      expect(log).toEqual([
        'asked for a at 0',
        'a at 0',
        'asked for b at 4',
        'b at 4',
        'asked for c at 8',
        'c at 8',
        'over at 12',
      ])
    }),
  )

  it(
    'is asked no more after a failure, and told so',
    marbles(m => {
      const { pulled$, log, errors } = drawn(m, { concurrency: 2 }, { a: '--#' })
      m.expect(pulled$(asked(log, 'a', 'b', 'c', 'd'))).toBeObservable('----(bX|)', SAID)
      m.flush()
      expect(log).toEqual(['asked for a at 0', 'a at 0', 'asked for b at 0', 'b at 0', 'over at 2'])
      expect(errors[0]).toMatchObject({ input: 'a', unsent: [] })
    }),
  )

  it(
    'is asked on where a failure is an outcome',
    marbles(m => {
      const { pulled$ } = drawn(m, { concurrency: 1, onError: 'continue' }, { a: '--#' })
      m.expect(pulled$(['a', 'b'])).toBeObservable('--A---(b|)', SAID)
    }),
  )

  it(
    'is told that it is over when unsubscribed',
    marbles(m => {
      const { pulled$, log } = drawn(m, { concurrency: 1 })
      m.expect(pulled$(asked(log, 'a', 'b')), '^--!').toBeObservable('', SAID)
      m.flush()
      expect(log).toEqual(['asked for a at 0', 'a at 0', 'over at 3'])
    }),
  )
})
