import { describe, expect, it } from 'vitest'
import type { Select } from '../../src/producer/selection.ts'
import { marbles } from '../marbles.ts'
import { drawSend } from './send-drawn.ts'

const where = (tries: readonly string[]): readonly string[] => tries.map(one => one.slice(0, 6))

describe('a message', () => {
  it(
    'is offered to busy brokers again after a growing pause with some chance in it, as long as its time lasts',
    marbles(m => {
      const chances = [0, 0.5, 0.99, 0, 0, 0]
      const setting = { retries: 5, timeoutMs: 400, random: () => chances.shift() ?? 0 }
      const { sent$, tries, errors } = drawSend(m, ['-b', '-b', '-b', '-b', '-b', '-b'], setting)
      m.expect(sent$).toBeObservable('400ms (X|)', { X: 'ERR_RMQ_TIMEOUT no' })
      m.flush()
      expect(tries.map(one => one.split(' ')[3])).toEqual(['0', '51', '202'])
      expect(errors[0]?.attempts.map(({ code }) => code)).toEqual(['ERR_RMQ_BUSY', 'ERR_RMQ_BUSY', 'ERR_RMQ_BUSY'])
    }),
  )

  it(
    'that is told its queue goes there, over all repeats',
    marbles(m => {
      const one = { topic: 't', brokerName: 'b', queueId: 1 }
      const { sent$, tries, results } = drawSend(m, ['-e', '-s'], { one, shardKey: 'order-1' })
      m.expect(sent$).toBeObservable('--(s|)')
      m.flush()
      expect(where(tries)).toEqual(['b:1 q1', 'b:1 q1'])
      expect(tries.every(each => each.endsWith('!'))).toBe(true)
      expect(results[0]?.failedAttempts).toMatchObject([{ endpoint: 'b:1', code: 'ERR_RMQ_BROKER', elapsedMs: 1 }])
    }),
  )

  it(
    'finds its queue by the strategy of the moment, also when it is repeated',
    marbles(m => {
      let now: Select = ({ queues }) => queues[3]
      const { sent$, tries, routing } = drawSend(m, ['--e', '-s'], { selectNow: () => now })
      m.expect(m.cold('-c')).toBeObservable('-c')
      m.hot('-c').subscribe(() => (now = ({ queues, tried }) => (tried.has('b') ? queues[1] : queues[2])))
      m.expect(sent$).toBeObservable('---(s|)')
      m.flush()
      expect(where(tries)).toEqual(['b:1 q1', 'a:1 q1'])
      expect(routing.snapshot()).toEqual({
        total: 2,
        successful: 2,
        failed: 0,
        strategies: { custom: 2 },
        brokers: { a: 1, b: 1 },
      })
    }),
  )

  it(
    'makes its broker known as well or ill: a failure counts, a refused message does not',
    marbles(m => {
      const { sent$, health } = drawSend(m, ['---e', '--s'])
      const refused = drawSend(m, ['-i'])
      m.expect(sent$).toBeObservable('-----(s|)')
      m.expect(refused.sent$).toBeObservable('-(X|)', { X: 'ERR_RMQ_BROKER no' })
      m.flush()
      expect(health.of('a')).toMatchObject({ consecutiveFailures: 1, requests: 1, failed: 1, lastFailureAt: 3 })
      expect(health.of('b')).toMatchObject({ requests: 1, failed: 0, averageLatencyMs: 2, lastSuccessAt: 5 })
      expect(refused.health.of('a')).toBeUndefined()
    }),
  )

  it(
    'goes round a broker that is suspended',
    marbles(m => {
      const { sent$, tries, health } = drawSend(m, ['-s'])
      health.suspend('a', Infinity)
      m.expect(sent$).toBeObservable('-(s|)')
      m.flush()
      expect(where(tries)).toEqual(['b:1 q0'])
    }),
  )
})

describe('a message that was stored, but not replicated', () => {
  const retryAnotherBrokerWhenNotStoreOk = true

  it(
    'is a result, by default',
    marbles(m => {
      const { sent$, tries, results } = drawSend(m, ['-n', '-s'])
      m.expect(sent$).toBeObservable('-(s|)')
      m.flush()
      expect([tries.length, results[0]?.status]).toEqual([1, 'slave-not-available'])
    }),
  )

  it(
    'is offered to another broker, if told to, and the better answer is the result',
    marbles(m => {
      const { sent$, tries, results, events } = drawSend(m, ['-n', '-s'], { retryAnotherBrokerWhenNotStoreOk })
      m.expect(sent$).toBeObservable('--(s|)')
      m.flush()
      expect(where(tries)).toEqual(['a:1 q0', 'b:1 q0'])
      expect(results).toMatchObject([{ status: 'ok', attempts: 2, queue: { brokerName: 'b' } }])
      expect(results[0]?.failedAttempts).toEqual([
        { endpoint: 'a:1', code: 'ERR_RMQ_BROKER', sent: 'maybe', elapsedMs: 1 },
      ])
      expect(events).toMatchObject([{ type: 'send-retried', error: { sent: 'maybe' } }])
    }),
  )

  it(
    'is a result all the same when the other brokers fail, and those are told',
    marbles(m => {
      const { sent$, results } = drawSend(m, ['-n', '-c'], { retryAnotherBrokerWhenNotStoreOk, retries: 1 })
      m.expect(sent$).toBeObservable('--(s|)')
      m.flush()
      expect(results).toMatchObject([{ status: 'slave-not-available', attempts: 2, queue: { brokerName: 'a' } }])
      expect(results[0]?.failedAttempts.map(({ endpoint, code }) => [endpoint, code])).toEqual([
        ['b:1', 'ERR_RMQ_CONNECT'],
      ])
    }),
  )

  it(
    'with a sharding key, without repeats, or without another broker is a result at once',
    marbles(m => {
      for (const setting of [
        { shardKey: 'order-1' },
        { retries: 0 },
        { one: { topic: 't', brokerName: 'a', queueId: 0 } },
      ]) {
        const { sent$ } = drawSend(m, ['-n', '-s'], { retryAnotherBrokerWhenNotStoreOk, ...setting })
        m.expect(sent$).toBeObservable('-(s|)')
      }
      const all = drawSend(m, ['-n', '-n', '-s'], { retryAnotherBrokerWhenNotStoreOk })
      m.expect(all.sent$).toBeObservable('--(s|)')
      m.flush()
      expect(all.results).toMatchObject([{ attempts: 2, queue: { brokerName: 'b' } }])
    }),
  )
})
