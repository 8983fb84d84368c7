import { map, mergeMap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { notConnected } from '../../src/errors.ts'
import { on, topic } from '../../src/index.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { fakeCluster } from '../../test/support/fake-cluster.ts'
import { marbles } from '../marbles.ts'
import { at, LEAVE, PULL } from './consumer-drawn.ts'
import { drawPulls, polls } from './pull-consumer-drawn.ts'

const ROUTE = REQUESTS.GET_ROUTEINFO_BY_TOPIC.code

describe('a poll', () => {
  it(
    'hands out what is there, waits for what comes, and not longer than it may',
    marbles(m => {
      const { pulling, transport } = drawPulls(m, ['------p'])
      const marks = '   x----x----x----x|'
      const seen = '    ----0-3-------0----(0|)'
      at(m, '           ------------------------c', () => pulling.close())
      m.expect(polls(m, pulling, marks)).toBeObservable(seen)
      m.flush()
      expect(transport.sent(LEAVE)).toHaveLength(1)
    }),
  )

  it(
    'that waits is served before a later one',
    marbles(m => {
      const { pulling } = drawPulls(m, ['-p', '-p'])
      const polled$ = m
        .cold('(ab|)')
        .pipe(
          mergeMap(name => pulling.poll$().pipe(map(([first]) => `${name} ${first?.queueOffset.toString() ?? ''}`))),
        )
      at(m, '--------c', () => pulling.close())
      m.expect(polled$).toBeObservable('-a(b|)', { a: 'a 0', b: 'b 3' })
    }),
  )

  it(
    'commits by itself what earlier ones handed out, at the next moment for commits',
    marbles(m => {
      const { pulling, commits } = drawPulls(m, ['-p', '-p'])
      at(m, '        -----------------c', () => pulling.close())
      m.expect(polls(m, pulling, 'x------x|')).toBeObservable('-3-----3|')
      m.flush()
      expect(commits()).toEqual(['3 at 10'])
    }),
  )

  it(
    'commits nothing where only commit$ does; that tells brokers at once',
    marbles(m => {
      const { pulling, commits } = drawPulls(m, ['-p', '-p'], { autoCommit: false })
      m.expect(polls(m, pulling, 'x------x|')).toBeObservable('-3-----3|')
      m.expect(m.cold('-----------x|').pipe(mergeMap(() => pulling.commit$()))).toBeObservable('-----------v|', {
        v: undefined,
      })
      at(m, '        -----------------c', () => pulling.close())
      m.flush()
      expect(commits()).toEqual(['6 at 11'])
    }),
  )

  it(
    'fails when the group cannot be joined, and the next one tries again',
    marbles(m => {
      let isDown = true
      const up = fakeCluster()
      const { pulling } = drawPulls(
        m,
        ['-p'],
        {},
        {
          [ROUTE]: (frame, endpoint) => (isDown ? m.cold('--#', {}, notConnected('n:1')) : up(frame, endpoint)),
        },
      )
      at(m, '---------u', () => {
        isDown = false
      })
      at(m, '-----------------c', () => pulling.close())
      m.expect(polls(m, pulling, 'x---------x|')).toBeObservable('--e--------(3|)', {
        e: 'ERR_RMQ_CONNECT maybe',
        3: '3',
      })
    }),
  )

  it(
    'that waits when the consumer closes brings nothing, and a later one is refused',
    marbles(m => {
      const { pulling } = drawPulls(m, [])
      at(m, '--c', () => pulling.close())
      m.expect(polls(m, pulling, 'x---x|')).toBeObservable('--0-e|', { 0: '0', e: 'ERR_RMQ_CLOSED no' })
    }),
  )
})

describe('a pull of a pull consumer', () => {
  it(
    'says that it is lite and what it wants, and may be held once nothing more is there',
    marbles(m => {
      const { pulling, transport } = drawPulls(m, ['-p'], { subscribe: [on(topic('t'), { sql: 'n > 1' })] })
      at(m, '------c', () => pulling.close())
      m.expect(pulling.start$().pipe(map(queues => String(queues.length)))).toBeObservable('(1|)')
      m.flush()
      const asked = transport.sent(PULL).map(({ frame: { fields } }) => fields)
      expect(asked.map(({ sysFlag, subscription, topic }) => [sysFlag, subscription, topic])).toEqual([
        ['20', 'n > 1', 't'],
        ['22', 'n > 1', 't'],
      ])
    }),
  )
})
