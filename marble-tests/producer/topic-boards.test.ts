import { asyncScheduler, EMPTY, map, type Observable, ReplaySubject, share, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { notConnected, routeNotFound } from '../../src/errors.ts'
import { nextRoute, unknownRoute, type RouteOutcome, type RouteState } from '../../src/nameserver/route-state.ts'
import type { Board } from '../../src/producer/board.ts'
import { createTopicBoards, type TopicBoardsOptions } from '../../src/producer/topic-boards.ts'
import { TEMPLATE_TOPIC } from '../../src/protocol/names.ts'
import { PERM } from '../../src/protocol/bodies/routes.ts'
import { aRoute, nameOf } from '../../test/support/builders.ts'
import { errorsAsValues, marbles, type Marbles } from '../marbles.ts'

const down = notConnected('n:1')

/** What the name servers say of a topic, by letter, at its time. */
const outcome = (topic: string, letter: string): RouteOutcome => {
  const at = asyncScheduler.now()
  if (letter === 'n') return { ok: false, error: routeNotFound(topic, 'the name server does not know it'), at }
  if (letter === 'f') return { ok: false, error: down, at }
  const brokers = letter === 'w' || letter === 'T' ? { a: 'a:1', b: 'b:1' } : { a: 'a:1' }
  if (letter === 'r') return { ok: true, value: aRoute(brokers, 2, PERM.READ), at }
  if (letter === 's')
    return { ok: true, value: { ...aRoute(brokers, 2), queueDatas: [], isStatic: true, staticQueues: [] }, at }
  return { ok: true, value: aRoute(brokers, letter.toLowerCase() === 't' ? 8 : 2), at }
}

/**
 * The answers about each topic: `k` a route with two queues, `w` one with two brokers, `t` one with eight queues, `T` with two
 * brokers of eight, `n` unknown, `f` no name server answers, `r` read-only, `s` static.
 */
const drawn = (m: Marbles, topics: Readonly<Record<string, string>>, options: Partial<TopicBoardsOptions> = {}) => {
  const refreshed: string[] = []
  const states = new Map<string, Observable<RouteState>>()
  const states$ = (topic: string): Observable<RouteState> => {
    let state = unknownRoute(topic)
    return m.hot<string>(topics[topic] ?? '').pipe(
      map(letter => (state = nextRoute(1_000)(state, outcome(topic, letter)))),
      share({ connector: () => new ReplaySubject(1) }),
    )
  }
  for (const topic of Object.keys(topics)) states.set(topic, states$(topic))
  const boards = createTopicBoards({
    routes: {
      routes$: topic => states.get(topic) ?? EMPTY,
      refresh: topic => refreshed.push(`${topic ?? 'all'} at ${asyncScheduler.now()}`),
      forget: () => undefined,
      cached: () => [],
    },
    scheduler: asyncScheduler,
    random: () => 0,
    autoCreateTopics: true,
    defaultTopicQueues: 4,
    templateMs: 100,
    ...options,
  })
  const board$ = (topic = 't', timeoutMs = 100) => shown(boards.board$(topic, timeoutMs))
  return { boards, board$, refreshed }
}

const shown = (board$: Observable<Board>) =>
  board$.pipe(
    map(({ queues, fromTemplate }) => `${queues.map(nameOf).join(' ')}${fromTemplate ? ' by template' : ''}`),
    errorsAsValues(),
  )

const SAID = {
  k: 'a0 a1',
  w: 'a0 a1 b0 b1',
  t: 'a0 a1 a2 a3 by template',
  N: 'ERR_RMQ_ROUTE_NOT_FOUND no',
  T: 'ERR_RMQ_TIMEOUT no',
  F: 'ERR_RMQ_CONNECT no',
}

describe('where a topic may be sent to', () => {
  it(
    'is waited for, and there at once for whoever asks later',
    marbles(m => {
      const { board$ } = drawn(m, { t: '--k-------' })
      m.expect(board$(), '                    ^     ').toBeObservable('--(k|)', SAID)
      m.expect(board$(), '                    ----^ ').toBeObservable('----(k|)', SAID)
    }),
  )

  it(
    'follows the route',
    marbles(m => {
      const { board$ } = drawn(m, { t: '-k---w----' })
      m.expect(board$(), '                    ^     ').toBeObservable('-(k|)', SAID)
      m.expect(board$(), '                    ------^').toBeObservable('------(w|)', SAID)
    }),
  )

  it(
    'is waited for no longer than the send has time',
    marbles(m => {
      const { board$ } = drawn(m, { t: '-------k' })
      m.expect(board$('t', 5)).toBeObservable('  -----(T|)', SAID)
      m.expect(board$('t', 9)).toBeObservable('  -------(k|)', SAID)
    }),
  )

  it(
    'is that of the template where the topic does not exist: brokers create it, with so many queues',
    marbles(m => {
      const { board$ } = drawn(m, { t: '-n-----', [TEMPLATE_TOPIC]: '---t---' })
      m.expect(board$()).toBeObservable('       ---(t|)', SAID)
    }),
  )

  it(
    'is every broker of the template while a topic is being created, also those that do not have it yet',
    marbles(m => {
      const { boards, board$ } = drawn(m, { t: '-n--k----w', [TEMPLATE_TOPIC]: '--T' }, { templateMs: 10 })
      const all = 'a0 a1 a2 a3 b0 b1 b2 b3 by template'
      const isNew$ = m
        .cold('-----x')
        .pipe(map(() => ['a', 'b'].map(broker => boards.board('t')?.isNewTo(broker)).join()))
      m.expect(board$(), '                    ^       ').toBeObservable('--(T|)', { T: all })
      m.expect(board$(), '                    -----^  ').toBeObservable('-----(h|)', { h: 'a0 a1 b0 b1 b2 b3' })
      m.expect(board$(), '                    ----------^').toBeObservable('----------(w|)', SAID)
      m.expect(isNew$).toBeObservable('-----x', { x: 'false,true' })
    }),
  )

  it(
    'is the brokers that have the topic, once the time for creating it is over',
    marbles(m => {
      const { board$ } = drawn(m, { t: '-n--k', [TEMPLATE_TOPIC]: '--T' }, { templateMs: 10 })
      m.expect(board$(), '                    ^          ').toBeObservable('--(T|)', {
        T: 'a0 a1 a2 a3 b0 b1 b2 b3 by template',
      })
      m.expect(board$(), '                    -----------^').toBeObservable('-----------(h|)', {
        h: 'a0 a1 b0 b1 b2 b3',
      })
      m.expect(board$(), '                    ------------^').toBeObservable('------------(k|)', SAID)
    }),
  )

  it(
    'is nowhere where neither the topic nor the template exists, or topics must not be created',
    marbles(m => {
      const neither = drawn(m, { t: '-n-----', [TEMPLATE_TOPIC]: '---n---' })
      const refused = drawn(m, { t: '-n-----', [TEMPLATE_TOPIC]: '---t---' }, { autoCreateTopics: false })
      m.expect(neither.board$()).toBeObservable('---(N|)', SAID)
      m.expect(refused.board$()).toBeObservable('-(N|)', SAID)
    }),
  )

  it(
    'is nowhere where none of its queues may be written, or where it is static',
    marbles(m => {
      const { board$ } = drawn(m, { readable: '-r', static: '-s' })
      m.expect(board$('readable')).toBeObservable('-(N|)', SAID)
      m.expect(board$('static')).toBeObservable('  -(N|)', SAID)
    }),
  )

  it(
    'cannot be told while no name server answers',
    marbles(m => {
      const { board$ } = drawn(m, { t: '--f----' })
      m.expect(board$()).toBeObservable('--(F|)', SAID)
    }),
  )

  it(
    'is told from the last good route while name servers fail',
    marbles(m => {
      const { board$ } = drawn(m, { t: '-k--f----' })
      m.expect(board$(), '                    ^     ').toBeObservable('-(k|)', SAID)
      m.expect(board$(), '                    -----^').toBeObservable('-----(k|)', SAID)
    }),
  )

  it(
    'is asked again when the last answer was a failure of long ago, and awaited',
    marbles(m => {
      const { board$, refreshed } = drawn(m, { t: 'f 1499ms ---k' })
      m.expect(board$(), '                    ^           ').toBeObservable('(F|)', SAID)
      m.expect(board$(), '                    500ms ^     ').toBeObservable('500ms (F|)', SAID)
      m.expect(board$(), '                    1500ms ^    ').toBeObservable('1503ms (k|)', SAID)
      m.flush()
      expect(refreshed).toEqual(['t at 1500'])
    }),
  )
})

describe('the brokers that a producer uses', () => {
  it(
    'are those of all topics that it sent to, told when they change',
    marbles(m => {
      const { boards, board$ } = drawn(m, { t: '-k-----', u: '-----w-' })
      const endpoints$ = boards.endpoints$.pipe(map(endpoints => [...endpoints].join(' ') || 'none'))
      m.expect(endpoints$).toBeObservable('na---b', { n: 'none', a: 'a:1', b: 'a:1 b:1' })
      m.expect(board$('t'), '             ^  ').toBeObservable('-(k|)', SAID)
      m.expect(board$('u'), '             --^').toBeObservable('-----(w|)', SAID)
    }),
  )

  it(
    'are no longer watched when the producer is closed',
    marbles(m => {
      const { boards, board$ } = drawn(m, { t: '-k----w--' })
      m.expect(boards.endpoints$.pipe(map(endpoints => [...endpoints].join(' ') || 'none'))).toBeObservable('na--|', {
        n: 'none',
        a: 'a:1',
      })
      m.expect(board$()).toBeObservable('-(k|)', SAID)
      m.expect(m.cold('                 ----c').pipe(tap(() => boards.close()))).toBeObservable('----c')
    }),
  )
})

describe('the rotation over the queues of a topic', () => {
  it(
    'is one for each topic, and begins anywhere',
    marbles(m => {
      const starts = [0.5, 0.25]
      const { boards } = drawn(m, { t: '', u: '' }, { random: () => starts.shift() ?? 0 })
      boards.rotation('t').cursor++
      expect([boards.rotation('t').cursor, boards.rotation('u').cursor]).toEqual([2 ** 19 + 1, 2 ** 18])
    }),
  )

  it(
    'goes on over a refresh, and begins anew when the topic has other queues',
    marbles(m => {
      const starts = [0, 0.5]
      const { boards } = drawn(m, { t: '-k-k-w-w' }, { random: () => starts.shift() ?? 0 })
      const cursor$ = m.cold('c-c-c-c-c', {}).pipe(map(() => boards.rotation('t').cursor++))
      m.expect(cursor$).toBeObservable('a-b-c-o-p', { a: 0, b: 1, c: 2, o: 2 ** 19, p: 2 ** 19 + 1 })
    }),
  )
})
