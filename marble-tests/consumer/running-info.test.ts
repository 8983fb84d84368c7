import { asyncScheduler, ignoreElements, NEVER, of } from 'rxjs'
import type { Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { on, topic } from '../../src/index.ts'
import type { Consumer } from '../../src/index.ts'
import { decodeLockRequest, encodeLockedQueues } from '../../src/protocol/bodies/bodies.ts'
import { requestFrame } from '../../src/protocol/frames/frame.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { answers } from '../../test/support/fake-cluster.ts'
import { marbles } from '../marbles.ts'
import { at, drawConsumer } from './consumer-drawn.ts'

const RUNNING_INFO = REQUESTS.GET_CONSUMER_RUNNING_INFO.code
const LOCKS = {
  [REQUESTS.LOCK_BATCH_MQ.code]: ({ body }: { readonly body: Buffer }) =>
    of(answers(0, {}, encodeLockedQueues(decodeLockRequest(body).queues))),
}
const handler = () => NEVER

describe('a tool that asks a consumer what it does', () => {
  it.each<[string, 'none' | 'queue', (consumer: Consumer, concurrency: Observable<number>) => Observable<unknown>]>([
    ['one at a time', 'none', (consumer, concurrency) => consumer.process$(handler, { concurrency })],
    ['in batches', 'none', (consumer, concurrency) => consumer.processBatch$(handler, { concurrency })],
    ['in order', 'queue', (consumer, concurrency) => consumer.process$(handler, { concurrency })],
    ['in order and in batches', 'queue', (consumer, concurrency) => consumer.processBatch$(handler, { concurrency })],
  ])('is told how many handlers there may be at that time: %s', (_, ordering, work) => {
    marbles(m => {
      const { client, transport } = drawConsumer(m, [], LOCKS)
      const consumer = client.consumer({ group: 'h', subscribe: [on(topic('t'))], ordering })
      const ask = () =>
        transport.say(
          'a:1',
          requestFrame(RUNNING_INFO, { fields: { consumerGroup: 'h', clientId: 'me' }, opaque: asyncScheduler.now() }),
        )
      /** Each connection to the broker is asked, and answers. */
      const told = () =>
        transport.written
          .filter(({ frame }) => frame.body.includes('PROP_THREADPOOL_CORE_SIZE'))
          .map(({ frame, at: time }) => {
            const { properties } = JSON.parse(frame.body.toString()) as { properties: Record<string, string> }
            return `${properties['PROP_THREADPOOL_CORE_SIZE'] ?? ''} at ${time}`
          })
      const concurrency = m.cold('---a-b-x', { a: 3, b: 40, x: 0 })
      m.expect(work(consumer, concurrency).pipe(ignoreElements()), '^---------!').toBeObservable('')
      at(m, '--1-2-3-4', ask)
      m.flush()
      expect([...new Set(told())]).toEqual(['16 at 2', '3 at 4', '40 at 6', '40 at 8'])
    })()
  })
})
