import { asyncScheduler, concatMap, map, mergeMap, repeat, timer } from 'rxjs'
import type { Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { PullConsumer } from '../../src/index.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { aQueue } from '../../test/support/builders.ts'
import { errorsAsValues, marbles, type Marbles } from '../marbles.ts'
import { at, PULL } from './consumer-drawn.ts'
import { drawPulls } from './pull-consumer-drawn.ts'

const QUEUE = aQueue()

/** What one poll hands out: `0` nothing, else the page that begins there: `a` at offset 0, `b` at 3, `c` at 6. */
const page = (consumer: PullConsumer, timeoutMs = 100): Observable<string> =>
  consumer.poll$(timeoutMs).pipe(
    map(messages => {
      const [first] = messages
      if (first === undefined) return '0'
      return messages.length === 3 ? ('abc'[first.queueOffset.toNumber() / 3] ?? '?') : '?'
    }),
    errorsAsValues(),
  )
/** The same at each mark. */
const pages = (m: Marbles, consumer: PullConsumer, marks: string, timeoutMs?: number) =>
  m.cold(marks).pipe(mergeMap(() => page(consumer, timeoutMs)))

describe('a poll that is unsubscribed while it waits', () => {
  it(
    'takes nothing away: what comes then is for the next one',
    marbles(m => {
      const { pulling } = drawPulls(m, ['----p'])
      m.expect(page(pulling), '^--!').toBeObservable('---')
      m.expect(pages(m, pulling, '------x|')).toBeObservable('------a|')
      at(m, '------------c', () => pulling.close())
    }),
  )

  it(
    'takes nothing away from those that wait behind it, not even at the same time',
    marbles(m => {
      const { pulling } = drawPulls(m, ['---p'])
      m.expect(page(pulling), '^--!').toBeObservable('---')
      m.expect(page(pulling)).toBeObservable('---(a|)')
      at(m, '----------c', () => pulling.close())
    }),
  )
})

describe('polls that follow each other as a stream', () => {
  it(
    'begin when the work on the one before is over, and commit it then',
    marbles(m => {
      const { pulling, commits } = drawPulls(m, ['-p', '-p'], { commit: { everyMs: 1 }, pollTimeoutMs: 100 })
      const worked$ = pulling.poll$().pipe(
        concatMap(({ length }) => timer(3).pipe(map(() => String(length)))),
        repeat(),
        errorsAsValues(),
      )
      at(m, '-----------c', () => pulling.close())
      m.expect(worked$).toBeObservable('----3--3------(0e|)', { 0: '0', 3: '3', e: 'ERR_RMQ_CLOSED no' })
      m.flush()
      expect(commits()).toEqual(['3 at 5', '6 at 8'])
    }),
  )
})

describe('what was not polled yet', () => {
  it(
    'counts against the limits of flow: nothing more is pulled until it is polled',
    marbles(m => {
      const flow = { unsettledPerQueue: 3, pullBatch: 3 }
      const { pulling, told } = drawPulls(m, ['-p', '-p', '-p'], { flow })
      m.expect(pages(m, pulling, 'x-----x-x|')).toBeObservable('-a----b-c|')
      at(m, '----------------------------------c', () => pulling.close())
      m.flush()
      expect(told(PULL, 'queueOffset')).toEqual(['0 at 0', '3 at 1', '6 at 6', '9 at 8'])
    }),
  )

  it(
    'of a queue that goes away is not handed out: it is for the next owner, from where earlier polls were',
    marbles(m => {
      const more = { assign: [QUEUE], flow: { unsettledPerQueue: 6, pullBatch: 3 }, commit: { everyMs: 1_000 } }
      const { pulling, commits, told } = drawPulls(m, ['-p', '-p', '-p', '-p', '-p', '-p'], more)
      at(m, '-----------g----------b----c', () => {
        if (asyncScheduler.now() === 11) pulling.assign([])
        else if (asyncScheduler.now() === 22) pulling.assign([QUEUE])
        else void pulling.close()
      })
      // the poll at 7 says that `a` is consumed, nothing says so of `b`; at 9 there is `c`
      m.expect(pages(m, pulling, 'x------x-----x|', 3)).toBeObservable('-a-----b--------(0|)')
      m.flush()
      expect(commits()).toEqual(['3 at 11'])
      expect(told(PULL, 'queueOffset')).toContain('0 at 22')
    }),
  )
})

describe('while a poll waits', () => {
  it(
    'a seek brings it what is at the other place',
    marbles(m => {
      const { pulling, told } = drawPulls(m, ['-p', '', '-p'])
      m.expect(pages(m, pulling, 'x--x|')).toBeObservable('-a-----(a|)')
      at(m, '------s', () => pulling.seek('first'))
      at(m, '---------------c', () => pulling.close())
      m.flush()
      expect(told(PULL, 'queueOffset')).toEqual(['0 at 0', '3 at 1', '0 at 6', '3 at 7'])
    }),
  )

  it(
    'a pause lets go of the pull that the broker holds; it comes after the pause, and nothing is lost',
    marbles(m => {
      const { pulling, told } = drawPulls(m, ['--p', '-p'])
      at(m, '-p----r', () => (asyncScheduler.now() === 1 ? pulling.pause() : pulling.resume()))
      m.expect(pages(m, pulling, 'x|')).toBeObservable('-------(a|)')
      at(m, '---------------c', () => pulling.close())
      m.flush()
      expect(told(PULL, 'queueOffset')).toEqual(['0 at 0', '0 at 6', '3 at 7'])
    }),
  )

  it(
    'its broker may die and come back: the pull is tried again, the poll does not fail',
    marbles(m => {
      const failures: string[] = []
      const { pulling, told } = drawPulls(m, ['-p', '---#', '-p'])
      pulling.failures$.subscribe(({ where }) => failures.push(`${where} at ${asyncScheduler.now()}`))
      m.expect(pages(m, pulling, 'x--x|', 20_000)).toBeObservable('-a 1003ms (b|)')
      at(m, '2s c', () => pulling.close())
      m.flush()
      expect([failures, told(PULL, 'queueOffset')]).toEqual([
        ['pull at 4'],
        ['0 at 0', '3 at 1', '3 at 1004', '6 at 1005'],
      ])
    }),
  )
})

describe('a pull consumer that is closed', () => {
  const told = (what$: Observable<unknown>) =>
    what$.pipe(
      map(() => 'v'),
      errorsAsValues(),
    )
  const closed = { e: 'ERR_RMQ_CLOSED no', v: 'v' }

  it(
    'while it joins has not joined: whoever waited for that is told',
    marbles(m => {
      const { pulling } = drawPulls(m, [], {}, { [REQUESTS.GET_ROUTEINFO_BY_TOPIC.code]: () => m.cold('') })
      at(m, '--c', () => pulling.close())
      m.expect(told(pulling.start$())).toBeObservable('--(e|)', closed)
      m.expect(told(pulling.seek$('first'))).toBeObservable('--(e|)', closed)
      m.expect(told(pulling.committed$(QUEUE))).toBeObservable('--(e|)', closed)
      m.expect(pages(m, pulling, 'x|')).toBeObservable('--(0|)')
    }),
  )

  it(
    'refuses a commit: nobody would be told of it',
    marbles(m => {
      const { pulling } = drawPulls(m, ['-p'])
      m.expect(pages(m, pulling, 'x|')).toBeObservable('-(a|)')
      at(m, '---c', () => pulling.close())
      const late$ = (what?: Parameters<PullConsumer['commit$']>[0]) =>
        m.cold('------x|').pipe(mergeMap(() => told(pulling.commit$(what))))
      m.expect(late$()).toBeObservable('------e|', closed)
      m.expect(late$([QUEUE])).toBeObservable('------e|', closed)
      m.flush()
      expect(() => pulling.assign([QUEUE])).toThrow('shared out')
    }),
  )
})
