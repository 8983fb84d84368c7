import { describe, expect, it } from 'vitest'
import { EMPTY } from 'rxjs'
import { createClient, on, topic } from '../../src/index.ts'
import type { ClientConfig, Credentials, ProducerOptions, TraceOptions, TransactionalOptions } from '../../src/index.ts'
import type { HealthOptions } from '../../src/index.ts'
import { resolveClientConfig } from '../../src/client/config.ts'
import { resolveConsumerOptions } from '../../src/consumer/options.ts'
import { resolveProducerOptions } from '../../src/producer/options.ts'
import { producerOptionsOf, resolveTransactionalOptions } from '../../src/producer/transaction-options.ts'
import { thrownBy } from '../support/failure.ts'
import { membersOf } from '../support/members-of.ts'
import { NO_FUNCTION, NO_NUMBER, NO_OBJECT } from './wrong-values.ts'
import type { Wrong } from './wrong-values.ts'

const CLIENT: Wrong<Required<ClientConfig>> = {
  nameServers: [undefined, null, 5, [5], {}],
  clientId: ['', ' ', 5, null],
  timing: [...NO_OBJECT, { heartbeat: 1 }, { heartbeatMs: 0 }],
  connection: [...NO_OBJECT, { nonsense: 1 }, { keepAliveMs: -1 }],
  health: [
    ...NO_OBJECT,
    { nonsense: 1 },
    { degradedAfter: 0 },
    { unhealthyAfter: 2 },
    { avoidSlow: 1 },
    { probeMs: -1 },
  ],
  coordinator: [
    null,
    5,
    {},
    { publish: () => undefined },
    { publish: () => undefined, outcomes$: EMPTY, failures$: 5 },
  ],
  maxInFlight: [0, 1_000_001, ...NO_NUMBER],
  namespace: [' ', 'a b', 'a%b', 'x'.repeat(200), 5],
  credentials: [
    null,
    5,
    'key',
    {},
    { accessKey: 'a' },
    { accessKey: '', secretKey: 's' },
    { accessKey: 'a', secretKey: 5 },
  ],
  interceptors: [null, {}, 'sign', [5]],
  heartbeatMode: ['sometimes', '', 5, null],
  addressMap: NO_FUNCTION,
  logger: [true, null, 5, {}, { warn: () => undefined }],
  debug: ['yes', 1, null],
  runtime: NO_OBJECT,
}

const PRODUCER: Wrong<Required<ProducerOptions>> = {
  group: ['', 'a b', 'DEFAULT_PRODUCER', 'x'.repeat(256), 5],
  timeoutMs: [0, ...NO_NUMBER],
  retries: [17, ...NO_NUMBER],
  retry: ['always', '', 5],
  select: ['sticky', '', 5],
  maxInFlight: [0, ...NO_NUMBER],
  maxRequests: [0, ...NO_NUMBER],
  maxQueued: NO_NUMBER,
  maxQueuedBytes: NO_NUMBER,
  maxMessageBytes: [0, (16 << 20) + 1, ...NO_NUMBER],
  hash: ['md5', '', 5],
  compression: ['gzip', '', 5, null, {}],
  compressBatch: ['all', '', 5],
  batchSplit: ['none', '', 5],
  maxBatchBytes: [0, (16 << 20) + 1, ...NO_NUMBER],
  maxBatchCount: [0, 65_537, ...NO_NUMBER],
  compressAboveBytes: [-1, 0.5, NaN, '5', {}],
  compressLevel: [0, 10, ...NO_NUMBER],
  autoCreateTopics: ['yes', 1, null],
  defaultTopicQueues: [0, 1_025, ...NO_NUMBER],
  retryAnotherBrokerWhenNotStoreOk: ['yes', 1, null],
  interceptors: [null, {}, 'trace', [5]],
  trace: ['yes', 1, null, { topic: '' }, { batchSize: 0 }, { flushMs: 0 }, { maxQueued: 0 }, { nonsense: 1 }],
}

const HEALTH: Wrong<HealthOptions> = {
  degradedAfter: [0, 1_001, ...NO_NUMBER],
  unhealthyAfter: [0, 2, 1_001, ...NO_NUMBER],
  healthyAfter: [0, 1_001, ...NO_NUMBER],
  heartbeatFailure: ['panic', '', 5, null],
  avoidSlow: ['yes', 1, null],
  probeMs: NO_NUMBER,
}

const TRACE: Wrong<Required<TraceOptions>> = {
  topic: ['', 'a b', 'x'.repeat(128), 5, null],
  batchSize: [0, 2_049, ...NO_NUMBER],
  flushMs: [0, ...NO_NUMBER],
  maxQueued: [0, ...NO_NUMBER],
  maxMessageBytes: [1_023, (16 << 20) + 1, ...NO_NUMBER],
}

const TRANSACTIONAL: Wrong<Omit<Required<TransactionalOptions>, keyof ProducerOptions> & { group: string }> = {
  group: ['', 'a b', 'DEFAULT_PRODUCER', 'x'.repeat(256), 5],
  check: NO_FUNCTION,
  checkConcurrency: [0, 65_537, ...NO_NUMBER],
  maxWaitingChecks: NO_NUMBER,
  checkTimeoutMs: [0, ...NO_NUMBER],
  onLocalError: ['retry', '', 5, null, {}],
  maxOpenTransactions: [0, ...NO_NUMBER],
  transactionTimeoutMs: [0, ...NO_NUMBER],
  maxCheckTimes: [0, ...NO_NUMBER],
  checkAfterMs: NO_NUMBER,
  topics: [null, 'text', 5, [''], ['a b'], [5], [{}], [null]],
}

const CREDENTIALS: Wrong<Required<Credentials>> = {
  accessKey: ['', 5, null, undefined, {}],
  secretKey: ['', 5, null, undefined, {}],
  securityToken: ['', 5, null, {}],
}

const NAMED = { group: 'g', check: () => 'commit' } as const
const KEYS = { accessKey: 'a', secretKey: 's' }
const ofTransactions = (given: object): void => {
  const options = { ...NAMED, ...given } as TransactionalOptions
  resolveTransactionalOptions(options)
  resolveProducerOptions(producerOptionsOf(options))
}

describe.each<[string, string, Readonly<Record<string, readonly unknown[]>>, (options: object) => unknown]>([
  ['ClientConfig', 'src/client/config.ts', CLIENT, given => resolveClientConfig({ nameServers: 'n:1', ...given })],
  ['ProducerOptions', 'src/producer/options.ts', PRODUCER, given => resolveProducerOptions(given)],
  [
    'HealthOptions',
    'src/client/health-options.ts',
    HEALTH,
    health => resolveClientConfig({ nameServers: 'n:1', health }),
  ],
  ['TraceOptions', 'src/client/trace-options.ts', TRACE, trace => resolveProducerOptions({ trace })],
  ['TransactionalOptions', 'src/producer/transaction-options.ts', TRANSACTIONAL, ofTransactions],
])('every option of %s', (name, file, table, resolve) => {
  it('has its row in the table', () => {
    expect(Object.keys(table).sort()).toEqual([...membersOf(file, name)].sort())
  })

  it.each(Object.entries(table))('%s is refused by its name for whatever it cannot be', (option, values) => {
    for (const value of values) {
      const error = thrownBy(() => resolve({ [option]: value }))
      expect([value, error.code, error.sent, error.retriable]).toEqual([value, 'ERR_RMQ_ILLEGAL', 'no', false])
      expect(error.problems, `${option} ${String(value)}`).toHaveLength(1)
      expect(error.message.toLowerCase()).toContain(option.toLowerCase())
    }
  })

  it.each(Object.keys(table).filter(option => !['nameServers', 'group', 'check'].includes(option)))(
    '%s may be undefined',
    option => {
      expect(() => resolve({ [option]: undefined })).not.toThrow()
    },
  )

  it('that does not exist is refused by its name', () => {
    expect(thrownBy(() => resolve({ tiemoutMs: 5 })).message).toContain('tiemoutMs is not an option')
  })
})

describe('credentials', () => {
  it('have their rows in the table', () => {
    expect(Object.keys(CREDENTIALS).sort()).toEqual(
      [...membersOf('src/protocol/acl-signature.ts', 'AclCredentials')].sort(),
    )
  })

  it.each(Object.entries(CREDENTIALS))('%s is refused by its name for whatever it cannot be', (name, values) => {
    for (const value of values) {
      const credentials = { ...KEYS, [name]: value } as Credentials
      const error = thrownBy(() => resolveClientConfig({ nameServers: 'n:1', credentials }))
      expect([value, error.code, error.problems.length]).toEqual([value, 'ERR_RMQ_ILLEGAL', 1])
      expect(error.message).toContain(`credentials.${name}`)
    }
  })
})

describe('options that contradict each other', () => {
  const client = (config: object) => () => resolveClientConfig({ nameServers: 'n:1', ...config })
  const producer = (options: ProducerOptions) => () => resolveProducerOptions(options)
  it.each<[string, () => unknown, string]>([
    [
      'a level for lz4, which has none',
      producer({ compression: 'lz4', compressLevel: 5 }),
      'compressLevel and compression "lz4"',
    ],
    ['a level of zstd for zlib', producer({ compression: 'zlib', compressLevel: 22 }), 'compressLevel is 22'],
    ['unhealthy before degraded', client({ health: { degradedAfter: 6 } }), 'health.unhealthyAfter is 5'],
    [
      'unhealthy before degraded, both given',
      client({ health: { degradedAfter: 3, unhealthyAfter: 2 } }),
      'health.degradedAfter, 3',
    ],
    [
      'trace options that are wrong twice',
      producer({ trace: { batchSize: 0, flushMs: 0 } }),
      '2 options of a producer are wrong',
    ],
    [
      'a transactional producer without a group',
      () => resolveTransactionalOptions({ check: NAMED.check } as never),
      'no group',
    ],
    [
      'a transactional producer without a check',
      () => resolveTransactionalOptions({ group: 'g' } as never),
      'no check',
    ],
    ['options that are none', () => resolveTransactionalOptions(null as never), 'options is null'],
  ])('are refused: %s', (_, resolve, says) => {
    const error = thrownBy(resolve)
    expect([error.code, error.sent]).toEqual(['ERR_RMQ_ILLEGAL', 'no'])
    expect(error.message).toContain(says)
  })
})

describe('several wrong options', () => {
  it('of a client are told at once, those of its parts as well', () => {
    const wrong = { nameServers: 5, maxInFlight: 0, timing: { idleMs: 0, drainMs: -1 }, connection: { typo: 1 } }
    const error = thrownBy(() => createClient({ ...wrong, logger: false } as unknown as ClientConfig))
    expect(error.message).toMatch(/^5 options of a client are wrong: /)
    expect(error.problems).toEqual([
      'nameServers is 5: expected a text, a list of texts or a function',
      'timing.idleMs is 0: expected a whole number of ms from 1 to 2147483647',
      'timing.drainMs is -1: expected a whole number of ms from 0 to 2147483647',
      'connection.typo is not an option',
      'maxInFlight is 0: expected a whole number from 1 to 1000000',
    ])
    for (const problem of error.problems) expect(error.message).toContain(problem)
  })

  it('of a producer are told at once', () => {
    const error = thrownBy(() => resolveProducerOptions({ group: '', timeoutMs: 0, retries: -1, compressLevel: 11 }))
    expect(error.problems.map(problem => problem.split(' ').slice(0, 2).join(' '))).toEqual([
      'a group',
      'timeoutMs is',
      'retries is',
      'compressLevel is',
    ])
  })

  it('of a consumer are told at once', () => {
    const error = thrownBy(() =>
      resolveConsumerOptions({ group: 'a b', subscribe: [on(topic(''))], flow: { span: 0, unsettled: 0 } }, 5_000),
    )
    expect(error.problems).toHaveLength(4)
  })

  it('leave nothing behind: the next options are read by themselves', () => {
    thrownBy(() => resolveProducerOptions({ timeoutMs: 0, retries: -1 }))
    expect(thrownBy(() => resolveProducerOptions({ retries: 99 })).problems).toHaveLength(1)
    expect(resolveProducerOptions({ retries: 3 }).retries).toBe(3)
  })

  it('never tell a secret', () => {
    const secret = 'do not tell'
    const credentials = { accessKey: 5, secretKey: secret } as never
    const error = thrownBy(() => resolveClientConfig({ nameServers: 'n:1', maxInFlight: 0, credentials }))
    expect(JSON.stringify(error) + error.message).not.toContain(secret)
  })
})
