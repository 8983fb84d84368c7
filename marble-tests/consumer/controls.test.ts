import { asyncScheduler, ignoreElements, map, NEVER, of, tap, timer } from 'rxjs'
import type { Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { on, topic } from '../../src/index.ts'
import type { Consumer, ConsumerOptions } from '../../src/index.ts'
import { decodeLockRequest, encodeLockedQueues } from '../../src/protocol/bodies/bodies.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { answers } from '../../test/support/fake-cluster.ts'
import { marbles, type Marbles } from '../marbles.ts'
import { at, drawConsumer, EACH, PULL, shown } from './consumer-drawn.ts'

/** For what shows itself elsewhere. */
const silent$ = (out$: Observable<unknown>) => out$.pipe(ignoreElements())

const SEND_BACK = REQUESTS.CONSUMER_SEND_MSG_BACK.code

/** What goes wrong in it, and when. */
const failuresOf = (consumer: Consumer): string[] => {
  const failures: string[] = []
  consumer.failures$.subscribe(({ where, error }) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    failures.push(`${where} ${code} at ${asyncScheduler.now()}`)
  })
  return failures
}

describe('a pause', () => {
  it(
    'stops the pulls, also the one that the broker holds, not what is in hand, until it is taken back',
    marbles(m => {
      const { consumer, told } = drawConsumer(m, ['-p', '--------p', '-p'])
      at(m, '--p------r', () => (asyncScheduler.now() < 5 ? consumer.pause() : consumer.resume()))
      m.expect(silent$(shown(consumer, 1)), '^----------!').toBeObservable('')
      m.flush()
      expect(told(PULL, 'queueOffset')).toEqual(['0 at 0', '3 at 1', '3 at 9', '6 at 10'])
    }),
  )

  it(
    'before the start lets nothing be pulled; of one queue only, the others go on',
    marbles(m => {
      const { consumer, told } = drawConsumer(m, ['-p'])
      consumer.pause([{ topic: 't', brokerName: 'a', queueId: 0 }])
      at(m, '---r', () => consumer.resume([{ topic: 't', brokerName: 'a', queueId: 0 }]))
      m.expect(shown(consumer, 1), '^-------!').toBeObservable('-----(012)', EACH)
      m.flush()
      expect(told(PULL, 'queueOffset')).toEqual(['0 at 3', '3 at 4'])
    }),
  )
})

describe('a seek', () => {
  it(
    'lets go of what is in hand, goes on from there, and is committed',
    marbles(m => {
      const place = { [REQUESTS.GET_MAX_OFFSET.code]: () => m.cold('(a|)', { a: offset(1) }) }
      const { consumer, told, commits } = drawConsumer(m, ['-p', '', '-p'], place)
      const sought: string[] = []
      at(m, '---s', () =>
        consumer.seek$('last', [{ topic: 't', brokerName: 'a', queueId: 0 }]).subscribe({
          next: ([one]) => sought.push(`${String(one?.offset)} at ${asyncScheduler.now()}`),
          error: (error: unknown) => sought.push(String(error)),
        }),
      )
      const handled: string[] = []
      const handler = () => (asyncScheduler.now() < 3 ? NEVER : timer(2))
      const out$ = consumer
        .process$(handler)
        .pipe(tap(({ delivery, settlement }) => handled.push(`${settlement} ${String(delivery.message.queueOffset)}`)))
      m.expect(silent$(out$), '^---------!').toBeObservable('')
      m.flush()
      expect(handled).toEqual(['released 0', 'released 1', 'released 2', 'acked 1', 'acked 2', 'acked 3'])
      expect([sought, told(PULL, 'queueOffset'), commits()]).toEqual([
        ['1 at 3'],
        ['0 at 0', '3 at 1', '1 at 3', '4 at 4'],
        ['4 at 10'],
      ])
    }),
  )
})

describe('concurrency that is a stream', () => {
  it(
    'changes while handlers run; what is no such number is told, and the last good one stays',
    marbles(m => {
      const { consumer } = drawConsumer(m, ['-p', '-p'])
      const failures = failuresOf(consumer)
      const concurrency = m.cold('o----x-t', { o: 1, x: 0, t: 3 })
      const handled: string[] = []
      const out$ = shown(consumer, 3, { concurrency }).pipe(
        tap(one => handled.push(`${one} at ${asyncScheduler.now()}`)),
      )
      m.expect(silent$(out$), '^ 14ms !').toBeObservable('')
      m.flush()
      expect(handled).toEqual(['0 at 4', '1 at 7', '2 at 10', '3 at 10', '4 at 10', '5 at 13'])
      expect(failures).toEqual(['concurrency ERR_RMQ_ILLEGAL at 5'])
    }),
  )
})

describe('what is in hand for too long', () => {
  const drawStalled = (m: Marbles, options: Partial<ConsumerOptions>) => {
    const { client, told } = drawConsumer(m, ['-p'], {
      [SEND_BACK]: () => of(answers(0)),
      [REQUESTS.LOCK_BATCH_MQ.code]: ({ body }) =>
        of(answers(0, {}, encodeLockedQueues(decodeLockRequest(body).queues))),
    })
    const consumer = client.consumer({
      group: 'h',
      subscribe: [on(topic('t'))],
      startFrom: 'first',
      settleTimeoutMs: 10_000,
      ...options,
    })
    return { consumer, failures: failuresOf(consumer), told }
  }

  it(
    'is told, and sent back at level 3: its handler is unsubscribed',
    marbles(m => {
      const { consumer, failures, told } = drawStalled(m, {})
      const work$ = m.cold('')
      const out$ = consumer.process$(() => work$).pipe(map(({ settlement }) => settlement))
      m.expect(out$, '^ 21s !').toBeObservable('20s (sss)', { s: 'retry-scheduled' })
      m.flush()
      expect(failures).toEqual(Array.from({ length: 3 }, () => 'stall ERR_RMQ_STALLED at 20000'))
      expect(told(SEND_BACK, 'delayLevel')).toEqual(['3 at 20000', '3 at 20000', '3 at 20000'])
    }),
  )

  it(
    'is only told where order is kept: nothing may overtake it',
    marbles(m => {
      const { consumer, failures, told } = drawStalled(m, { ordering: 'queue' })
      const work$ = m.cold('')
      m.expect(
        consumer.process$(() => work$),
        '^ 21s !',
      ).toBeObservable('')
      m.flush()
      expect([failures, told(SEND_BACK)]).toEqual([['stall ERR_RMQ_STALLED at 20000'], []])
    }),
  )
})

const offset = (n: number) => answers(0, { offset: String(n) })
