import { asyncScheduler, concatMap, defer, finalize, map, retry, timeout } from 'rxjs'
import type { Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { illegal } from '../../src/errors.ts'
import { message, topic } from '../../src/index.ts'
import { interceptedBatch$ } from '../../src/producer/intercepted-batch.ts'
import type { Member } from '../../src/producer/intercepted-batch.ts'
import { createAround } from '../../src/producer/send-interceptors.ts'
import type { SendInterceptor } from '../../src/producer/send-interceptors.ts'
import type { SendResult } from '../../src/producer/send-result.ts'
import { hasFailed } from '../../src/producer/together.ts'
import type { End } from '../../src/producer/together.ts'
import { errorsAsValues, marbles, type Marbles } from '../marbles.ts'

const t = topic('t')
const refused = illegal('no')

/**
 * A batch of `a`, `b`, `c` behind an interceptor that hands each on when its picture has a value; and what each request does: `s`
 * stores its messages, `f` fails them, `#` is refused as a whole.
 */
const drawn = (
  m: Marbles,
  waits: Readonly<Record<string, string>>,
  requests: readonly string[],
  more: SendInterceptor = (sending, next) => next(sending),
) => {
  const written: string[] = []
  const left: string[] = []
  const waiting: SendInterceptor = (sending, next) =>
    m.cold(waits[sending.messageId] ?? 'x').pipe(concatMap(() => next(sending)))
  const around = createAround([more, waiting], 'g')
  if (around === undefined) throw new Error('there are interceptors')
  const send$ = (members: readonly Member[]): Observable<readonly End<SendResult>[]> =>
    defer(() => {
      const names = members.map(({ messageId }) => messageId)
      const diagram = requests[written.length] ?? '--s'
      written.push(`${names.join('')} at ${asyncScheduler.now()}`)
      return m.cold(diagram.replace(/[sf]/, '($&|)'), undefined, refused).pipe(
        map(what => names.map(name => (what === 's' ? ({ messageId: name } as SendResult) : refused))),
        finalize(() => left.push(`${names.join('')} at ${asyncScheduler.now()}`)),
      )
    })
  const sendings = ['a', 'b', 'c'].map(name => ({
    kind: 'batch' as const,
    message: message(t, Buffer.from(name)),
    messageId: name,
    options: {},
  }))
  /** `abc` where all are stored, `-` in the place of one that failed. */
  const ends$ = interceptedBatch$(around, sendings, send$).pipe(
    map(ends => ends.map(end => (hasFailed(end) ? '-' : end.messageId)).join('')),
    errorsAsValues(),
  )
  return { ends$, written, left }
}

describe('a batch behind interceptors', () => {
  it(
    'leaves when the last of its messages was handed on, in their order',
    marbles(m => {
      const { ends$, written } = drawn(m, { a: '----x', b: '-x', c: '--x' }, ['--s'])
      m.expect(ends$).toBeObservable('           ------(e|)', { e: 'abc' })
      m.flush()
      expect(written).toEqual(['abc at 4'])
    }),
  )

  it(
    'leaves without one that is refused, at once when that was the last that it waited for',
    marbles(m => {
      const { ends$, written } = drawn(m, { a: 'x', b: '---#', c: '-x' }, ['--s'])
      m.expect(ends$).toBeObservable('           -----(e|)', { e: 'a-c' })
      m.flush()
      expect(written).toEqual(['ac at 3'])
    }),
  )

  it(
    'leaves without one whose interceptor has turned away before',
    marbles(m => {
      const impatient: SendInterceptor = (sending, next) =>
        sending.messageId === 'a' ? next(sending).pipe(timeout({ first: 2 })) : next(sending)
      const { ends$, written } = drawn(m, { a: 'x', b: '----x', c: 'x' }, ['--s'], impatient)
      m.expect(ends$).toBeObservable('           ------(e|)', { e: '-bc' })
      m.flush()
      expect(written).toEqual(['bc at 4'])
    }),
  )

  it(
    'is not called back when one turns away after it has left: the others hear of their ends',
    marbles(m => {
      const impatient: SendInterceptor = (sending, next) =>
        sending.messageId === 'a' ? next(sending).pipe(timeout({ first: 3 })) : next(sending)
      const { ends$, written, left } = drawn(m, { a: 'x', b: '-x', c: 'x' }, ['----s'], impatient)
      m.expect(ends$).toBeObservable('           -----(e|)', { e: '-bc' })
      m.flush()
      expect([written, left]).toEqual([['abc at 1'], ['abc at 5']])
    }),
  )

  it(
    'that failed is over: one that is handed on again goes alone, while the others have ended',
    marbles(m => {
      const stubborn: SendInterceptor = (sending, next) =>
        sending.messageId === 'b' ? next(sending).pipe(retry({ count: 1, delay: 2 })) : next(sending)
      const { ends$, written } = drawn(m, { a: 'x', b: 'x', c: '-x' }, ['--f', '---s'], stubborn)
      m.expect(ends$).toBeObservable('           --------(e|)', { e: '-b-' })
      m.flush()
      expect(written).toEqual(['abc at 1', 'b at 5'])
    }),
  )

  it(
    'that is refused as a whole fails as a whole, when every interceptor has heard of it',
    marbles(m => {
      const { ends$ } = drawn(m, { a: 'x', b: '-x', c: 'x' }, ['--#'])
      m.expect(ends$).toBeObservable('           ---(R|)', { R: 'ERR_RMQ_ILLEGAL no' })
    }),
  )

  it(
    'is not sent when its subscriber leaves while it waits, and is left when on the way',
    marbles(m => {
      const waiting = drawn(m, { a: '----x' }, ['--s'])
      const onTheWay = drawn(m, { a: '-x' }, ['-----s'])
      m.expect(waiting.ends$, ' ^--!').toBeObservable('-')
      m.expect(onTheWay.ends$, '^--!').toBeObservable('-')
      m.flush()
      expect([waiting.written, onTheWay.written, onTheWay.left]).toEqual([[], ['abc at 1'], ['abc at 3']])
    }),
  )
})
