import { distinctUntilChanged, map, NEVER, of, startWith, tap, throwError, timer } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { notConnected } from '../../src/errors.ts'
import { createClient, on, topic, type Consumer, type Delivery, type ProcessOptions } from '../../src/index.ts'
import { encodeConsumerIds } from '../../src/protocol/bodies.ts'
import { onewayFrame } from '../../src/protocol/frame.ts'
import { REQUESTS } from '../../src/protocol/requests.ts'
import { answers, fakeCluster, pulledAnswer, type FakeClusterOptions } from '../../test/support/fake-cluster.ts'
import { fakeTransport } from '../../test/support/fake-transport.ts'
import { errorsAsValues, marbles, type Marbles } from '../marbles.ts'

const PULL = REQUESTS.PULL_MESSAGE.code
const COMMIT = REQUESTS.UPDATE_CONSUMER_OFFSET.code
const LEAVE = REQUESTS.UNREGISTER_CLIENT.code
const SEND_BACK = REQUESTS.CONSUMER_SEND_MSG_BACK.code
const HEARTBEAT = REQUESTS.HEART_BEAT.code
const MEMBERS = REQUESTS.GET_CONSUMER_LIST_BY_GROUP.code

/**
 * A whole consumer of one queue on a scripted cluster. Each pull of it is answered as drawn: `p` brings three messages.
 * Pulls beyond those are held for ever.
 */
const drawn = (m: Marbles, pulls: readonly string[] = ['-p'], cluster: FakeClusterOptions['instead'] = {}) => {
  let asked = 0
  const transport = fakeTransport(
    fakeCluster({
      instead: {
        [PULL]: ({ fields }) => {
          if (fields['topic'] !== 't') return m.cold('')
          const from = Number(fields['queueOffset'])
          return m.cold(pulls[asked++] ?? '', { p: pulledAnswer(from, {}, {}, {}) })
        },
        ...cluster,
      },
    }),
  )
  const client = createClient({
    nameServers: 'n:1',
    clientId: 'me',
    logger: false,
    timing: {
      drainMs: 20,
      rebalanceMs: 1_000_000,
      heartbeatMs: 1_000_000,
      routeRefreshMs: 1_000_000,
      commitMs: 1_000_000,
      idleMs: 1,
    },
    runtime: { transport, random: () => 0 },
  })
  const consumer = client.consumer({ group: 'g', subscribe: [on(topic('t'))], startFrom: 'first' })
  /** What was asked of the broker about topic `t`, and when: its new offset for a commit. */
  const told = (code: number, field = 'commitOffset') =>
    transport
      .sent(code)
      .filter(({ frame }) => (frame.fields['topic'] ?? 't') === 't')
      .map(({ frame, at }) => `${frame.fields[field] ?? ''} at ${at}`)
  return { client, consumer, transport, told, commits: () => told(COMMIT), leaves: () => told(LEAVE, 'consumerGroup') }
}

/** Each message by its offset, when its handler ended. */
const shown = (consumer: Consumer, handlerMs: number, options: ProcessOptions = {}) =>
  consumer
    .process$(() => timer(handlerMs), options)
    .pipe(
      map(({ delivery, settlement }) =>
        settlement === 'acked' ? delivery.message.queueOffset.toString() : settlement,
      ),
      errorsAsValues(),
    )

const EACH = { 0: '0', 1: '1', 2: '2', r: 'released' }

/** Calls it at this time. */
const at = (m: Marbles, diagram: string, call: () => unknown) =>
  m.expect(m.cold(diagram).pipe(tap(() => void call()))).toBeObservable(diagram)

describe('a consumer that is asked to stop', () => {
  it(
    'pulls no more, puts back what waits, finishes what runs, commits, leaves, then completes',
    marbles(m => {
      const { consumer, told, commits, leaves } = drawn(m)
      const until = m.hot('  ---s')
      const expected = '     -----(01|)'
      m.expect(shown(consumer, 4, { until, concurrency: 2 })).toBeObservable(expected, EACH)
      m.flush()
      expect([told(PULL, 'queueOffset'), commits(), leaves()]).toEqual([['0 at 0', '3 at 1'], ['2 at 5'], ['g at 5']])
    }),
  )

  it(
    'waits for what runs no longer than the deadline: that message is not committed, and comes again',
    marbles(m => {
      const { consumer, commits, leaves } = drawn(m)
      const until = m.hot('  ---s')
      const expected = '     23ms |'
      m.expect(shown(consumer, 500, { until })).toBeObservable(expected, EACH)
      m.flush()
      expect([commits(), leaves()]).toEqual([['0 at 23'], ['g at 23']])
    }),
  )

  it(
    'waits for the broker to take back a message before it commits and leaves',
    marbles(m => {
      const slowly = { [SEND_BACK]: () => m.cold('-----(a|)', { a: pulledAnswer(0) }) }
      const { consumer, commits, leaves } = drawn(m, ['-p'], slowly)
      const fails = () => timer(2).pipe(map(() => fail()))
      const until = m.hot('  --s')
      const expected = '     ---(LLL)|'
      const out$ = consumer
        .process$(fails, { until })
        .pipe(map(({ settlement }) => (settlement === 'retry-scheduled' ? 'L' : '?')))
      m.expect(out$).toBeObservable(expected)
      m.flush()
      expect([commits(), leaves()]).toEqual([['3 at 8'], ['g at 8']])
    }),
  )

  it(
    'waits for its handlers and for the broker together no longer than the deadline',
    marbles(m => {
      const never = { [SEND_BACK]: () => m.cold('') }
      const { consumer, leaves } = drawn(m, ['-p'], never)
      const handler = (delivery: Delivery) =>
        delivery.message.queueOffset.isZero() ? throwError(() => new Error('x')) : NEVER
      const until = m.hot('  ---s')
      const expected = '     -L 21ms |'
      const out$ = consumer.process$(handler, { until }).pipe(map(() => 'L'))
      m.expect(out$).toBeObservable(expected)
      m.flush()
      expect(leaves()).toEqual(['g at 23'])
    }),
  )

  it(
    'by its own close does the same',
    marbles(m => {
      const { consumer, commits, leaves } = drawn(m)
      at(m, '                ---c', () => consumer.close())
      const expected = '     -----(01|)'
      m.expect(shown(consumer, 4, { concurrency: 2 })).toBeObservable(expected, EACH)
      m.flush()
      expect([commits(), leaves()]).toEqual([['2 at 5'], ['g at 5']])
    }),
  )

  it(
    'by its own close waits for what runs as long as that says',
    marbles(m => {
      const { consumer, leaves } = drawn(m)
      at(m, '                ---c', () => consumer.close({ drainMs: 5 }))
      const expected = '     --------|'
      m.expect(shown(consumer, 500)).toBeObservable(expected, EACH)
      m.flush()
      expect(leaves()).toEqual(['g at 8'])
    }),
  )

  it(
    'by the close of its client waits for what runs as long as that says, and the report tells what was left',
    marbles(m => {
      const { client, consumer } = drawn(m)
      at(m, '                ---c', () => client.close({ drainMs: 5 }))
      const expected = '     --------|'
      m.expect(shown(consumer, 500)).toBeObservable(expected, EACH)
      m.expect(client.closed$).toBeObservable('--------(r|)', {
        r: { forced: true, unsettled: 3, unsent: 0, uncommitted: 0 },
      })
    }),
  )

  it(
    'before it began never joins the group',
    marbles(m => {
      const { consumer, told, transport } = drawn(m)
      m.expect(shown(consumer, 4, { until: of('stop') })).toBeObservable('|')
      m.flush()
      expect([told(PULL), transport.written]).toEqual([[], []])
    }),
  )
})

describe('a consumer that is unsubscribed', () => {
  it(
    'stops at once; what is in hand comes again; it commits and leaves in the background',
    marbles(m => {
      const { consumer, commits, leaves } = drawn(m, ['-p', '-p'])
      m.expect(shown(consumer, 4, { concurrency: 2 }), '^------!').toBeObservable('-----(01)', EACH)
      m.flush()
      expect([commits(), leaves()]).toEqual([['2 at 7'], ['g at 7']])
    }),
  )

  it(
    'before the hop never begins',
    marbles(m => {
      const { consumer, transport } = drawn(m)
      shown(consumer, 4).subscribe().unsubscribe()
      m.flush()
      expect(transport.dials).toEqual([])
    }),
  )

  it(
    'can be subscribed again, which waits until the former membership has ended',
    marbles(m => {
      const leavingTakes = { [LEAVE]: () => m.cold('----(a|)', { a: pulledAnswer(0) }) }
      const { consumer, leaves, told } = drawn(m, ['-p', '', '-p'], leavingTakes)
      m.expect(shown(consumer, 2), '^---!         ').toBeObservable('---(012)', EACH)
      m.expect(shown(consumer, 2), '-----^------! ').toBeObservable('-----------(012)', EACH)
      m.flush()
      expect(told(PULL, 'queueOffset')).toEqual(['0 at 0', '3 at 1', '0 at 8', '3 at 9'])
      expect(leaves()).toEqual(['g at 4', 'g at 12'])
    }),
  )

  it(
    'is not closed by the next who subscribes too early: that one is refused',
    marbles(m => {
      const { client, consumer } = drawn(m)
      const another = client.consumer({ group: 'g', subscribe: [on(topic('t'))] })
      m.expect(shown(consumer, 4), '^-------!').toBeObservable('-----(012)', EACH)
      m.expect(shown(consumer, 4), '--^      ').toBeObservable('--(X|)', { X: 'ERR_RMQ_ALREADY_CONSUMING no' })
      m.expect(shown(another, 4), ' --^      ').toBeObservable('--(X|)', { X: 'ERR_RMQ_ALREADY_CONSUMING no' })
    }),
  )
})

describe('a consumer', () => {
  it(
    'commits from time to time what is settled, if that changed',
    marbles(m => {
      const { client, commits } = drawn(m)
      const consumer = client.consumer({
        group: 'h',
        subscribe: [on(topic('t'))],
        startFrom: 'first',
        commit: { everyMs: 10 },
      })
      m.expect(shown(consumer, 4), '^ 34ms !').toBeObservable('-----(012)', EACH)
      m.flush()
      expect(commits()).toEqual(['3 at 10'])
    }),
  )

  it(
    'pulls only when the broker knows it by its heartbeat',
    marbles(m => {
      const slowly = { [HEARTBEAT]: () => m.cold('------(a|)', { a: pulledAnswer(0) }) }
      const { consumer, told } = drawn(m, ['-p'], slowly)
      m.expect(shown(consumer, 0), '^---------!').toBeObservable('-------(012)', EACH)
      m.flush()
      expect(told(PULL, 'queueOffset')).toEqual(['0 at 6', '3 at 7'])
    }),
  )

  it(
    'gives a queue up when another member comes, as soon as the broker tells, and commits it before',
    marbles(m => {
      let members = ['me']
      const list = { [MEMBERS]: () => of(answers(0, {}, encodeConsumerIds(members))) }
      const { consumer, transport, commits } = drawn(m, ['-p'], list)
      const notice = onewayFrame(REQUESTS.NOTIFY_CONSUMER_IDS_CHANGED.code, { fields: { consumerGroup: 'g' } })
      at(m, '              --n', () => {
        members = ['a first one', 'me']
        transport.say('a:1', notice)
      })
      const held$ = consumer.assignments$.pipe(
        map(({ current }) => String(current.filter(queue => queue.topic === 't').length)),
        distinctUntilChanged(),
      )
      m.expect(held$, '             -^---------!').toBeObservable('-10', EACH)
      m.expect(shown(consumer, 4), '^----------!').toBeObservable('-----(012)', EACH)
      m.flush()
      expect(commits()).toEqual(['3 at 5'])
    }),
  )

  it(
    'ends with the failure of its handler by policy `stop`, after the others have finished',
    marbles(m => {
      const { consumer, commits, leaves } = drawn(m)
      const handler = (delivery: Delivery) =>
        delivery.message.queueOffset.toNumber() === 1 ? timer(1).pipe(map(() => fail())) : timer(3)
      const out$ = consumer.process$(handler, { onError: 'stop' }).pipe(
        map(({ settlement }) => (settlement === 'released' ? 'r' : 'k')),
        errorsAsValues(),
      )
      m.expect(out$).toBeObservable('--r-(kkX|)', { r: 'r', k: 'k', X: 'out of stock' })
      m.flush()
      expect([commits(), leaves()]).toEqual([['1 at 4'], ['g at 4']])
    }),
  )

  it(
    'fails when no name server can be asked at the start, and may be tried again',
    marbles(m => {
      let down = true
      const script = fakeCluster()
      const transport = fakeTransport(script, {
        connects: () => (down ? throwError(() => notConnected('n:1')) : NEVER.pipe(startWith(1))),
      })
      const client = createClient({
        nameServers: 'n:1',
        clientId: 'me',
        logger: false,
        timing: { idleMs: 1 },
        runtime: { transport },
      })
      const consumer = client.consumer({ group: 'g', subscribe: [on(topic('t'))] })
      m.expect(shown(consumer, 0), '^    ').toBeObservable('(X|)', { X: 'ERR_RMQ_CONNECT no' })
      at(m, '                       ---u', () => (down = false))
      m.expect(shown(consumer, 0), '300ms ^----!').toBeObservable('')
      m.flush()
      expect(transport.sent(PULL).length).toBeGreaterThan(0)
    }),
  )
})

const fail = (): never => {
  throw new Error('out of stock')
}
