import { describe, expect, it } from 'vitest'
import { configFromEnv, producerOptionsFromEnv, producerPreset, PRODUCER_PRESETS } from '../../src/index.ts'
import type { Env, ProducerOptions } from '../../src/index.ts'
import { resolveClientConfig } from '../../src/client/config.ts'
import { PRESETS } from '../../src/client/presets.ts'
import { resolveProducerOptions } from '../../src/producer/options.ts'
import { thrownBy } from '../support/failure.ts'

describe('a variable of the environment', () => {
  it.each<[Env, object]>([
    [{ ROCKETMQ_NAMESRV_ADDR: 'a:1;b:2' }, { nameServers: 'a:1;b:2' }],
    [{ ROCKETMQ_CLIENT_ID: 'me' }, { clientId: 'me' }],
    [{ ROCKETMQ_NAMESPACE: 'ns' }, { namespace: 'ns' }],
    [
      { ROCKETMQ_ACCESS_KEY: 'a', ROCKETMQ_SECRET_KEY: 's', ROCKETMQ_SECURITY_TOKEN: 't' },
      { credentials: { accessKey: 'a', secretKey: 's', securityToken: 't' } },
    ],
    [{ ROCKETMQ_DEBUG_ENABLED: 'yes' }, { debug: true }],
    [{ ROCKETMQ_DEBUG_ENABLED: 'False' }, { debug: false }],
    [{ ROCKETMQ_RPC_TIMEOUT: '2000' }, { timing: { requestTimeoutMs: 2_000 } }],
    [{ ROCKETMQ_BROKER_TIMEOUT: '10.5' }, { timing: { requestTimeoutMs: 10_500 } }],
    [{ ROCKETMQ_BROKER_CONNECT_TIMEOUT: '3.0' }, { timing: { connectTimeoutMs: 3_000 } }],
    [{ ROCKETMQ_BROKER_TIMEOUT: '10', ROCKETMQ_RPC_TIMEOUT: '7' }, { timing: { requestTimeoutMs: 7 } }],
    [{ ROCKETMQ_MAX_WAITERS: '5' }, { maxInFlight: 5 }],
  ])('says what a client is told: %j', (env, says) => {
    expect(configFromEnv(env)).toEqual({ nameServers: '', timing: {}, ...says })
  })

  it.each<[Env, ProducerOptions]>([
    [{ ROCKETMQ_PRODUCER_GROUP: 'g' }, { group: 'g' }],
    [{ ROCKETMQ_SEND_MSG_TIMEOUT: '5000' }, { timeoutMs: 5_000 }],
    [{ ROCKETMQ_RETRY_TIMES: '0' }, { retries: 0 }],
    [{ ROCKETMQ_MAX_MESSAGE_SIZE: '1024' }, { maxMessageBytes: 1_024 }],
    [{ ROCKETMQ_ROUTING_STRATEGY: 'RANDOM' }, { select: 'random' }],
    [{ ROCKETMQ_ROUTING_STRATEGY: 'round_robin' }, { select: 'round-robin' }],
    [{ ROCKETMQ_ROUTING_STRATEGY: 'message_hash' }, { select: 'message-hash' }],
    [{ ROCKETMQ_RETRY_TIMES: '' }, {}],
    [{}, {}],
  ])('says what a producer is told: %j', (env, says) => {
    expect(producerOptionsFromEnv(env)).toEqual(says)
  })

  it('that cannot be understood is told with all the others', () => {
    const client = { ROCKETMQ_RPC_TIMEOUT: '-1', ROCKETMQ_DEBUG_ENABLED: 'maybe', ROCKETMQ_SECRET_KEY: 'a secret' }
    const error = thrownBy(() => configFromEnv(client))
    expect(error.problems.map(problem => /ROCKETMQ_\w+/.exec(problem)?.[0])).toEqual([
      'ROCKETMQ_RPC_TIMEOUT',
      'ROCKETMQ_ACCESS_KEY',
      'ROCKETMQ_DEBUG_ENABLED',
    ])
    expect(error.message).not.toContain('a secret')
    const producer = { ROCKETMQ_SEND_MSG_TIMEOUT: '0', ROCKETMQ_RETRY_TIMES: 'two', ROCKETMQ_ROUTING_STRATEGY: 'best' }
    expect(thrownBy(() => producerOptionsFromEnv(producer)).problems).toHaveLength(3)
  })
})

describe('who says it last is right', () => {
  const env = { ROCKETMQ_NAMESRV_ADDR: 'env:1', ROCKETMQ_MAX_WAITERS: '5', ROCKETMQ_RETRY_TIMES: '5' }

  it('the program, then the environment, then a preset, then the default', () => {
    expect(resolveClientConfig({ nameServers: 'n:1' }).maxInFlight).toBe(10_000)
    expect(resolveClientConfig({ ...PRESETS.production, nameServers: 'n:1' }).maxInFlight).toBe(50_000)
    expect(resolveClientConfig({ ...PRESETS.production, ...configFromEnv(env) }).maxInFlight).toBe(5)
    expect(resolveClientConfig({ ...PRESETS.production, ...configFromEnv(env), maxInFlight: 6 }).maxInFlight).toBe(6)
  })

  it('and so for a producer', () => {
    const { production } = PRODUCER_PRESETS
    expect(resolveProducerOptions().retries).toBe(2)
    expect(resolveProducerOptions({ ...production }).retries).toBe(3)
    expect(resolveProducerOptions({ ...production, ...producerOptionsFromEnv(env) }).retries).toBe(5)
    expect(resolveProducerOptions({ ...production, ...producerOptionsFromEnv(env), retries: 1 }).retries).toBe(1)
  })
})

describe('a preset', () => {
  it.each(Object.entries(PRODUCER_PRESETS))('%s makes a producer', (_, preset) => {
    expect(resolveProducerOptions(preset)).toMatchObject({ ...preset, trace: expect.toSatisfy(() => true) as unknown })
  })
  it.each(Object.entries(PRESETS))('%s makes a client', (_, preset) => {
    expect(resolveClientConfig({ nameServers: 'n:1', ...preset })).toMatchObject(preset)
  })

  it.each([
    ['default', 'default'],
    ['development', 'development'],
    ['dev', 'development'],
    ['production', 'production'],
    ['PROD', 'production'],
    ['high_performance', 'highPerformance'],
    ['high-perf', 'highPerformance'],
    ['testing', 'testing'],
    ['test', 'testing'],
    ['order_sequenced', 'ordered'],
    ['ordered', 'ordered'],
    ['whatever', 'default'],
    ['__proto__', 'default'],
    ['', 'default'],
  ] as const)('is found by the name that environments have: %s', (name, preset) => {
    expect(producerPreset(name)).toBe(PRODUCER_PRESETS[preset])
  })
})
