import { distinctUntilChanged, map, NEVER, of, startWith, throwError, timer } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { notConnected } from '../../src/errors.ts'
import { createClient, on, topic, type Delivery } from '../../src/index.ts'
import { encodeConsumerIds } from '../../src/protocol/bodies/bodies.ts'
import { onewayFrame } from '../../src/protocol/frames/frame.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { answers, fakeCluster, pulledAnswer } from '../../test/support/fake-cluster.ts'
import { fakeTransport } from '../../test/support/fake-transport.ts'
import { errorsAsValues, marbles } from '../marbles.ts'
import { at, drawConsumer, EACH, fail, PULL, shown } from './consumer-drawn.ts'

const HEARTBEAT = REQUESTS.HEART_BEAT.code
const MEMBERS = REQUESTS.GET_CONSUMER_LIST_BY_GROUP.code

describe('a consumer', () => {
  it(
    'commits from time to time what is settled, if that changed',
    marbles(m => {
      const { client, commits } = drawConsumer(m)
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
      const { consumer, told } = drawConsumer(m, ['-p'], slowly)
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
      const { consumer, transport, commits } = drawConsumer(m, ['-p'], list)
      const notice = onewayFrame(REQUESTS.NOTIFY_CONSUMER_IDS_CHANGED.code, { fields: { consumerGroup: 'g' } })
      at(m, '              --n', () => {
        members = ['a first one', 'me']
        transport.say('a:1', notice)
      })
      const held$ = consumer.assignments$.pipe(
        map(({ current }) => String(current.filter(queue => queue.topic === 't').length)),
        distinctUntilChanged(),
      )
      m.expect(held$, '             -^---------!').toBeObservable('-1---0', EACH)
      m.expect(shown(consumer, 4), '^----------!').toBeObservable('-----(012)', EACH)
      m.flush()
      expect(commits()).toEqual(['3 at 5'])
    }),
  )

  it(
    'ends with the failure of its handler by policy `stop`, after the others have finished',
    marbles(m => {
      const { consumer, commits, leaves } = drawConsumer(m)
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
