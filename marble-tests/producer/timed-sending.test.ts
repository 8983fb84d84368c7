import { asyncScheduler, defer, map, type Observable, throwError } from 'rxjs'
import Long from 'long'
import { describe, expect, it } from 'vitest'
import type { SendHeader, Stored } from '../../src/broker/sending.ts'
import { notConnected } from '../../src/errors.ts'
import { createTimedSending } from '../../src/producer/timed-sending.ts'
import { versionOrdinal } from '../../src/protocol/versions.ts'
import { errorsAsValues, marbles, type Marbles } from '../marbles.ts'

const STORED = { queueOffset: Long.ZERO } as Stored
const HEADER = {} as SendHeader
const RELEASES = { o: versionOrdinal('V4_9_7'), n: versionOrdinal('V5_0_0'), t: versionOrdinal('V5_3_3') }

/** Sends of messages with a time; each question for the release is drawn: `o` is 4.9.7, `n` 5.0.0, `t` 5.3.3. */
const drawn = (m: Marbles, questions: readonly string[]) => {
  const asked: string[] = []
  const sent: string[] = []
  const ask$ = (endpoint: string, timeoutMs: number, patient: boolean): Observable<number> =>
    defer(() => {
      const diagram = questions[asked.length] ?? ''
      asked.push(`${endpoint} at ${asyncScheduler.now()} for ${timeoutMs}${patient ? '!' : ''}`)
      if (diagram.endsWith('#')) return m.cold<number>(diagram, undefined, notConnected(endpoint))
      return m.cold(diagram.replace(/[ont]/, '($&|)'), RELEASES)
    })
  const never = () => throwError(() => new Error('not drawn'))
  const sending = createTimedSending(
    {
      send$: (endpoint, _, __, { timeoutMs }) =>
        defer(() => {
          sent.push(`${endpoint} at ${asyncScheduler.now()} for ${timeoutMs}`)
          return m.cold('-(s|)', { s: STORED })
        }),
      sendBatch$: never,
      oneway$: never,
      reply$: never,
      recall$: never,
      sendBack$: never,
    },
    ask$,
    asyncScheduler,
  )
  const send$ = (endpoint = 'a:1', patient = false) =>
    defer(() => sending.send$(endpoint, HEADER, Buffer.alloc(1), { timeoutMs: 50, patient })).pipe(
      map(() => 's'),
      errorsAsValues(),
    )
  return { send$, asked, sent }
}

describe('a message that names a time', () => {
  it(
    'is sent once its broker said that it is new enough, within the time of its send; it is asked only once',
    marbles(m => {
      const { send$, asked, sent } = drawn(m, ['--n', '-t'])
      m.expect(send$(), '^').toBeObservable('---(s|)')
      m.expect(send$(), '----^').toBeObservable('-----(s|)')
      m.expect(send$('b:1', true), '-----^').toBeObservable('-------(s|)')
      m.flush()
      expect(asked).toEqual(['a:1 at 0 for 50', 'b:1 at 5 for 50!'])
      expect(sent).toEqual(['a:1 at 2 for 48', 'a:1 at 4 for 50', 'b:1 at 6 for 49'])
    }),
  )

  it(
    'is refused where brokers are too old, and is sent once they are not',
    marbles(m => {
      const { send$, sent } = drawn(m, ['-o', '-t'])
      m.expect(send$(), '^').toBeObservable('-(e|)', { e: 'ERR_RMQ_ILLEGAL no' })
      m.expect(send$(), '--^').toBeObservable('----(s|)')
      m.flush()
      expect(sent).toEqual(['a:1 at 3 for 49'])
    }),
  )

  it(
    'fails as any send does where the broker cannot be reached',
    marbles(m => {
      const { send$, sent } = drawn(m, ['-#'])
      m.expect(send$()).toBeObservable('-(e|)', { e: 'ERR_RMQ_CONNECT no' })
      m.flush()
      expect(sent).toEqual([])
    }),
  )
})
