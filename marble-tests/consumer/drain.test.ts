import { map, NEVER, of, throwError, timer } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { on, topic, type Delivery } from '../../src/index.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { pulledAnswer } from '../../test/support/fake-cluster.ts'
import { marbles } from '../marbles.ts'
import { at, COMMIT, drawConsumer, EACH, fail, LEAVE, PULL, shown } from './consumer-drawn.ts'

const NOTHING_LEFT = { forced: false, unsettled: 0, unsent: 0, inFlight: 0, uncommitted: 0 }
const SEND_BACK = REQUESTS.CONSUMER_SEND_MSG_BACK.code

describe('a consumer that is asked to stop', () => {
  it(
    'pulls no more, puts back what waits, finishes what runs, commits, leaves, then completes',
    marbles(m => {
      const { consumer, told, commits, leaves } = drawConsumer(m)
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
      const { consumer, commits, leaves } = drawConsumer(m)
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
      const { consumer, commits, leaves } = drawConsumer(m, ['-p'], slowly)
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
      const { consumer, leaves } = drawConsumer(m, ['-p'], never)
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
      const { consumer, commits, leaves } = drawConsumer(m)
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
      const { consumer, leaves } = drawConsumer(m)
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
      const { client, consumer } = drawConsumer(m)
      at(m, '                ---c', () => client.close({ drainMs: 5 }))
      const expected = '     --------|'
      m.expect(shown(consumer, 500)).toBeObservable(expected, EACH)
      m.expect(client.closed$).toBeObservable('--------(r|)', {
        r: { forced: true, unsettled: 3, unsent: 0, inFlight: 0, uncommitted: 0 },
      })
    }),
  )

  it(
    'before it began never joins the group',
    marbles(m => {
      const { consumer, told, transport } = drawConsumer(m)
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
      const { consumer, commits, leaves } = drawConsumer(m, ['-p', '-p'])
      m.expect(shown(consumer, 4, { concurrency: 2 }), '^------!').toBeObservable('-----(01)', EACH)
      m.flush()
      expect([commits(), leaves()]).toEqual([['2 at 7'], ['g at 7']])
    }),
  )

  it(
    'before the hop never begins',
    marbles(m => {
      const { consumer, transport } = drawConsumer(m)
      shown(consumer, 4).subscribe().unsubscribe()
      m.flush()
      expect(transport.dials).toEqual([])
    }),
  )

  it(
    'can be subscribed again, which waits until the former membership has ended',
    marbles(m => {
      const leavingTakes = { [LEAVE]: () => m.cold('----(a|)', { a: pulledAnswer(0) }) }
      const { consumer, leaves, told } = drawConsumer(m, ['-p', '', '-p'], leavingTakes)
      m.expect(shown(consumer, 2), '^---!         ').toBeObservable('---(012)', EACH)
      m.expect(shown(consumer, 2), '-----^------! ').toBeObservable('-----------(012)', EACH)
      m.flush()
      expect(told(PULL, 'queueOffset')).toEqual(['0 at 0', '3 at 1', '0 at 8', '3 at 9'])
      expect(leaves()).toEqual(['g at 4', 'g at 12'])
    }),
  )

  it(
    'is followed by one that may be asked to stop while it still waits: it never joins',
    marbles(m => {
      const leavingTakes = { [LEAVE]: () => m.cold('----(a|)', { a: pulledAnswer(0) }) }
      const { consumer, told } = drawConsumer(m, ['-p', '', '-p'], leavingTakes)
      const until = m.hot('                      ------s')
      m.expect(shown(consumer, 2), '           ^---!   ').toBeObservable('---(012)', EACH)
      m.expect(shown(consumer, 2, { until }), '-----^------!').toBeObservable('--------|')
      m.flush()
      expect(told(PULL, 'queueOffset')).toEqual(['0 at 0', '3 at 1'])
    }),
  )

  it(
    'is waited for by close(): it has committed and left before the connections go',
    marbles(m => {
      const slowly = { [COMMIT]: () => m.cold('---(a|)', { a: pulledAnswer(0) }) }
      const { client, consumer, commits, leaves } = drawConsumer(m, ['-p'], slowly)
      m.expect(shown(consumer, 2), '^---!').toBeObservable('---(012)', EACH)
      at(m, '                       -----c', () => client.close())
      m.expect(client.closed$).toBeObservable('----------(r|)', { r: NOTHING_LEFT }) // the retry topic is committed, too
      m.flush()
      expect([commits(), leaves()]).toEqual([['3 at 4'], ['g at 10']])
    }),
  )

  it(
    'is not closed by the next who subscribes too early: that one is refused',
    marbles(m => {
      const { client, consumer } = drawConsumer(m)
      const another = client.consumer({ group: 'g', subscribe: [on(topic('t'))] })
      m.expect(shown(consumer, 4), '^-------!').toBeObservable('-----(012)', EACH)
      m.expect(shown(consumer, 4), '--^      ').toBeObservable('--(X|)', { X: 'ERR_RMQ_ALREADY_CONSUMING no' })
      m.expect(shown(another, 4), ' --^      ').toBeObservable('--(X|)', { X: 'ERR_RMQ_ALREADY_CONSUMING no' })
    }),
  )
})
