import { describe, expect, it } from 'vitest'
import { notConnected, RocketError, routeNotFound, streamStopped } from '../../src/errors.ts'
import type { ClientEvent, ReportedEvent } from '../../src/observability/events.ts'
import { defaultLogger, logEvent, type Logger } from '../../src/observability/logger.ts'

const error = notConnected('a:1')
const queue = { topic: 't', brokerName: 'a', queueId: 0 }

/** What a logger is told of an event: level, fields, text. */
const logged = (event: ReportedEvent) => {
  const lines: { level: string; fields: object; text: string }[] = []
  const at = (level: string) => (fields: object, text: string) => void lines.push({ level, fields, text })
  const logger: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  logEvent(logger, { at: 1, ...event })
  expect(lines).toHaveLength(1)
  return lines[0]!
}

const connection = { type: 'connection-state', endpoint: 'a:1', role: 'control' } as const

describe('the level of an event', () => {
  it.each<[string, ReportedEvent]>([
    ['debug', { ...connection, state: 'connecting' }],
    ['debug', { ...connection, state: 'connected' }],
    ['warn', { ...connection, state: 'disconnected', cause: error, retryInMs: 100 }],
    ['debug', { ...connection, state: 'closing' }],
    ['debug', { ...connection, state: 'closed' }],
    ['debug', { type: 'late-response', endpoint: 'a:1', opaque: 1 }],
    ['info', { type: 'inbound-refused', endpoint: 'a:1', code: 220, reason: 'not supported' }],
    ['warn', { type: 'name-server-failed', endpoint: 'n:1', error }],
    ['debug', { type: 'route-refreshed', topic: 't', changed: true }],
    ['warn', { type: 'route-failed', topic: 't', error, keptLastGood: true }],
    ['info', { type: 'route-failed', topic: 't', error: routeNotFound('t', 'unknown'), keptLastGood: false }],
    ['warn', { type: 'topic-missing', topic: 't', group: 'g' }],
    ['error', { type: 'subscription-conflict', group: 'g', conflicts: ['topic t: ...'] }],
    ['warn', { type: 'heartbeat-failed', endpoint: 'a:1', error }],
    ['info', { type: 'broker-health', brokerName: 'a', from: 'healthy', to: 'degraded', error }],
    ['warn', { type: 'broker-health', brokerName: 'a', from: 'degraded', to: 'unhealthy', error }],
    ['info', { type: 'broker-health', brokerName: 'a', from: 'unhealthy', to: 'healthy' }],
    ['info', { type: 'broker-avoided', brokerName: 'a', forMs: 2_000, latencyMs: 600, reachable: true }],
    ['warn', { type: 'coordinator-failed', error }],
    ['warn', { type: 'select-failed', group: 'g', error }],
    ['debug', { type: 'send-retried', topic: 't', messageId: 'id', error }],
    ['warn', { type: 'send-abandoned', topic: 't', messageId: 'id', outcome: 'stored' }],
    [
      'warn',
      { type: 'send-not-replicated', topic: 't', messageId: 'id', status: 'slave-not-available', brokerName: 'a' },
    ],
    ['warn', { type: 'input-dropped', policy: 'drop-newest' }],
    ['info', { type: 'assignment-changed', group: 'g', added: 1, removed: 0, current: 1, reason: 'joined' }],
    ['info', { type: 'start-position', group: 'g', queue, offset: '0', reason: 'first' }],
    ['warn', { type: 'offset-corrected', group: 'g', queue, from: '1', to: '2' }],
    ['error', { type: 'consumer-failure', group: 'g', where: 'handler', error: new Error('x') }],
  ])('is %s for %j', (level, event) => {
    expect(logged(event).level).toBe(level)
  })
})

describe('what is logged', () => {
  it('is every field of the event, under its own name, and its type as text', () => {
    const { fields, text } = logged({ type: 'route-refreshed', topic: 't', changed: false })
    expect([text, fields]).toEqual(['rocketmq route-refreshed', { at: 1, topic: 't', changed: false }])
  })

  it('is the whole of an error of ours as plain JSON: code, where, whether sent, advice', () => {
    const { fields } = logged({ type: 'heartbeat-failed', endpoint: 'a:1', error })
    expect((fields as { error: unknown }).error).not.toBeInstanceOf(Error) // loggers may have ideas of their own about those
    expect(fields).toMatchObject({
      error: { code: 'ERR_RMQ_CONNECT', endpoint: 'a:1', sent: 'no', retriable: true, attempts: [] },
    })
  })

  it('is the name and the message of any other error', () => {
    const cause = Object.assign(new TypeError('wrong'), { secret: 'password' })
    const { fields } = logged({ ...connection, state: 'disconnected', cause })
    expect(fields).toMatchObject({ cause: { name: 'TypeError', message: 'wrong' } })
    expect(JSON.stringify(fields)).not.toContain('password')
  })

  it('is never a payload, not even of the inputs that an error carries to its caller', () => {
    const stopped = streamStopped(error, { card: '4111-1111' }, [{ card: '4222-2222' }])
    const caused = new RocketError('ERR_RMQ_ENCODE', 'cannot encode', { cause: { body: '4333-3333' } })
    for (const told of [stopped, caused]) {
      const { fields } = logged({ type: 'consumer-failure', group: 'g', where: 'handler', error: told })
      expect(JSON.stringify(fields)).not.toMatch(/4\d{3}-\d{4}/)
    }
  })
})

describe('the logger that is used where none is given', () => {
  it('writes warnings and errors, and nothing below', () => {
    const logger = defaultLogger() as Logger & { readonly level: string }
    expect(logger.level).toBe('warn')
  })

  it('takes every event of a client without failing', () => {
    const event: ClientEvent = { at: 1, type: 'route-refreshed', topic: 't', changed: true }
    expect(() => logEvent(defaultLogger(), event)).not.toThrow()
  })
})
