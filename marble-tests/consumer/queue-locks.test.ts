import { asapScheduler, asyncScheduler, defer, merge, of, throwError, timeout } from 'rxjs'
import type { Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { createQueueLocks } from '../../src/consumer/queues/queue-locks.ts'
import { notConnected } from '../../src/errors.ts'
import { queueKey } from '../../src/messages/offsets.ts'
import type { MessageQueue } from '../../src/protocol/bodies/routes.ts'
import { aQueue } from '../../test/support/builders.ts'
import { marbles, type Marbles } from '../marbles.ts'

type Answer = (queues: readonly MessageQueue[], n: number) => Observable<readonly MessageQueue[]>

/** Locks of brokers that answer as told, the first question being number 1. */
const drawn = (answer: Answer) => {
  const log: string[] = []
  const failures: string[] = []
  let asked = 0
  const locks = createQueueLocks({
    lock$: queues =>
      defer(() => {
        log.push(`${queues.map(queueKey).join()} at ${asyncScheduler.now()}`)
        return answer(queues, ++asked)
      }),
    unlock$: queues => {
      log.push(`unlock ${queues.map(queueKey).join()}`)
      return throwError(() => notConnected('a:1'))
    },
    onFailure: (_, queue) => failures.push(`${queueKey(queue)} at ${asyncScheduler.now()}`),
    scheduler: asyncScheduler,
    asap: asapScheduler,
  })
  return { locks, log, failures }
}
const SHOWN = { y: true, n: false }
const granted = (queues: readonly MessageQueue[]) => of(queues)
const refused = () => of([])
const failed = () => throwError(() => notConnected('a:1'))
const watch = (m: Marbles, out$: Observable<boolean>, until: string, expected: string) =>
  m.expect(out$, `^ ${until} !`).toBeObservable(expected, SHOWN)

describe('the lock of a queue', () => {
  it(
    'is renewed every 20 s while it is held',
    marbles(m => {
      const { locks, log } = drawn(granted)
      watch(m, locks.locked$(aQueue()), '50s', 'y 19999ms y 19999ms y')
      m.flush()
      expect(log).toEqual(['t@a:0 at 0', 't@a:0 at 20000', 't@a:0 at 40000'])
    }),
  )

  it(
    'is asked for every half second while another member has it',
    marbles(m => {
      const { locks, log } = drawn((queues, n) => (n < 3 ? refused() : granted(queues)))
      watch(m, locks.locked$(aQueue()), '2s', 'n 499ms n 499ms y')
      m.flush()
      expect(log).toEqual(['t@a:0 at 0', 't@a:0 at 500', 't@a:0 at 1000'])
    }),
  )

  it(
    'is lost as soon as a broker says that another has it',
    marbles(m => {
      const { locks } = drawn((queues, n) => (n === 2 ? refused() : granted(queues)))
      watch(m, locks.locked$(aQueue()), '30s', 'y 19999ms n 499ms y')
    }),
  )

  it(
    'is kept while renewals fail for less than 30 s: nobody said that it is lost, and every failure is told',
    marbles(m => {
      const { locks, failures } = drawn((queues, n) => (n === 2 || n === 3 ? failed() : granted(queues)))
      watch(m, locks.locked$(aQueue()), '30s', 'y 19999ms y 499ms y 499ms y')
      m.flush()
      expect(failures).toEqual(['t@a:0 at 20000', 't@a:0 at 20500'])
    }),
  )

  it(
    'counts as lost when it could not be renewed for 30 s',
    marbles(m => {
      const { locks } = drawn((queues, n) =>
        n === 1
          ? granted(queues)
          : m.cold<readonly MessageQueue[]>('').pipe(timeout({ first: 3_000, scheduler: asyncScheduler })),
      )
      const renewals = 'y 22999ms y 3499ms y 3499ms n' // asked at 20 s, 23.5 s and 27 s, unanswered for 3 s each
      watch(m, locks.locked$(aQueue()), '32s', renewals)
    }),
  )

  it(
    'is asked for together with those of other queues of its broker, in one request per broker',
    marbles(m => {
      const { locks, log } = drawn(granted)
      const queues = [aQueue('a', 0), aQueue('a', 1), aQueue('b', 0), aQueue('a', 2)]
      watch(m, merge(...queues.map(queue => locks.locked$(queue))), '1s', '(yyyy)')
      m.flush()
      expect(log).toEqual(['t@a:0,t@a:1,t@a:2 at 0', 't@b:0 at 0'])
    }),
  )

  it(
    'is given up when its broker was told, or cannot be: it expires by itself',
    marbles(m => {
      const { locks, log } = drawn(granted)
      m.expect(locks.unlock$(aQueue())).toBeObservable('|')
      m.flush()
      expect(log).toEqual(['unlock t@a:0'])
    }),
  )
})
