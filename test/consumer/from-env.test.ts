import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EMPTY, lastValueFrom } from 'rxjs'
import { describe, expect, it } from 'vitest'
import {
  CONSUMER_PRESETS,
  consumerOptionsFromEnv,
  consumerPreset,
  Long,
  on,
  PROCESS_PRESETS,
  processOptionsFromEnv,
  topic,
} from '../../src/index.ts'
import type { Env } from '../../src/index.ts'
import { resolveConsumerOptions } from '../../src/consumer/options.ts'
import { resolveProcessOptions } from '../../src/consumer/handling/process-options.ts'
import { thrownBy } from '../support/failure.ts'

const GOOD = { group: 'g', subscribe: [on(topic('t'))] }
const resolve = (given: object) => resolveConsumerOptions({ ...GOOD, ...given }, 5_000)

describe('a variable of the environment', () => {
  it.each<[Env, object]>([
    [{ ROCKETMQ_CONSUMER_GROUP: 'readers' }, { group: 'readers' }],
    [{ ROCKETMQ_MESSAGE_MODEL: 'BROADCASTING' }, { model: 'broadcasting' }],
    [{ ROCKETMQ_MESSAGE_MODEL: 'clustering' }, { model: 'clustering' }],
    [{ ROCKETMQ_CONSUME_FROM_WHERE: 'CONSUME_FROM_FIRST_OFFSET' }, { startFrom: 'first' }],
    [{ ROCKETMQ_CONSUME_FROM_WHERE: 'CONSUME_FROM_LAST_OFFSET' }, { startFrom: 'last' }],
    [
      { ROCKETMQ_CONSUME_FROM_WHERE: 'CONSUME_FROM_TIMESTAMP', ROCKETMQ_CONSUME_TIMESTAMP: '1764158400123' },
      { startFrom: new Date(1_764_158_400_123) },
    ],
    [
      { ROCKETMQ_CONSUME_FROM_WHERE: 'CONSUME_FROM_TIMESTAMP', ROCKETMQ_CONSUME_TIMESTAMP: '0' },
      { startFrom: new Date(0) },
    ],
    [{ ROCKETMQ_CONSUME_TIMESTAMP: '1764158400123' }, {}],
    [{ ROCKETMQ_ALLOCATE_STRATEGY: 'HASH' }, { allocate: 'consistent-hash' }],
    [{ ROCKETMQ_ALLOCATE_STRATEGY: 'AVG' }, { allocate: 'average' }],
    [{ ROCKETMQ_CONSUME_TIMEOUT: '15' }, { settleTimeoutMs: 900_000 }],
    [{ ROCKETMQ_PULL_BATCH_SIZE: '16', ROCKETMQ_MAX_CACHE_SIZE: '900' }, { flow: { pullBatch: 16, unsettled: 900 } }],
    [{ ROCKETMQ_PERSIST_INTERVAL: '2000' }, { commit: { everyMs: 2_000 } }],
    [{ ROCKETMQ_MAX_RECONSUME_TIMES: '0' }, { retry: { maxAttempts: 0 } }],
    [{ ROCKETMQ_MESSAGE_MODEL: '' }, {}],
    [{}, {}],
  ])('says what a consumer is told: %j', (env, says) => {
    expect(consumerOptionsFromEnv(env)).toEqual(says)
    expect(() => resolve(consumerOptionsFromEnv(env))).not.toThrow()
  })

  it('says where a member that gets every message keeps its offsets, and nothing of it to others', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'offsets-'))
    const env = { ROCKETMQ_OFFSET_STORE_PATH: dir, ROCKETMQ_ENABLE_AUTO_RECOVERY: 'false' }
    const { offsets, ...others } = consumerOptionsFromEnv({ ...env, ROCKETMQ_MESSAGE_MODEL: 'BROADCASTING' })
    expect(others).toEqual({ model: 'broadcasting' })
    const store = resolve({ model: 'broadcasting', offsets }).offsets?.({
      group: 'g',
      clientId: 'me',
      report: () => undefined,
    })
    const queue = { topic: 't', brokerName: 'a', queueId: 0 }
    await lastValueFrom(store?.commit$([{ queue, offset: Long.fromNumber(7) }]) ?? EMPTY)
    const file = join(dir, 'me', 'g', 'offsets.json')
    expect(await readFile(file, 'utf8')).toContain('7')
    await writeFile(file, '{')
    await expect(lastValueFrom(store?.load$(queue) ?? EMPTY)).rejects.toThrow('autoRecovery is off')
    await rm(dir, { recursive: true })
    expect([
      consumerOptionsFromEnv(env),
      consumerOptionsFromEnv({ ...env, ROCKETMQ_MESSAGE_MODEL: 'CLUSTERING' }),
    ]).toEqual([{}, { model: 'clustering' }])
  })

  it.each<[Env, object]>([
    [{ ROCKETMQ_CONSUME_THREAD_MAX: '64', ROCKETMQ_CONSUME_THREAD_MIN: '20' }, { concurrency: 64 }],
    [{ ROCKETMQ_CONSUME_THREAD_MIN: '20' }, { concurrency: 20 }],
    [{}, {}],
  ])('says how many handlers work at once: %j', (env, says) => {
    expect(processOptionsFromEnv(env)).toEqual(says)
  })

  it.each([
    ['is not set: expected ms since 1970, as ROCKETMQ_CONSUME_FROM_WHERE is CONSUME_FROM_TIMESTAMP', undefined],
    ['is "20131223171201": expected ms since 1970', '20131223171201'],
    ['is "yesterday": expected ms since 1970', 'yesterday'],
    ['is "-1": expected ms since 1970', '-1'],
  ])('has to say since when, where a consumer begins at a time: %s', (message, time) => {
    const env = { ROCKETMQ_CONSUME_FROM_WHERE: 'CONSUME_FROM_TIMESTAMP', ROCKETMQ_CONSUME_TIMESTAMP: time }
    expect(thrownBy(() => consumerOptionsFromEnv(env)).problems).toEqual([
      `environment variable ROCKETMQ_CONSUME_TIMESTAMP ${message}`,
    ])
  })

  it('that cannot be understood is told with all the others', () => {
    const env = {
      ROCKETMQ_MESSAGE_MODEL: 'SOMETIMES',
      ROCKETMQ_CONSUME_FROM_WHERE: 'THERE',
      ROCKETMQ_ALLOCATE_STRATEGY: 'BEST',
      ROCKETMQ_CONSUME_TIMEOUT: '0',
      ROCKETMQ_PULL_BATCH_SIZE: 'many',
      ROCKETMQ_ENABLE_AUTO_RECOVERY: 'perhaps',
    }
    const told = thrownBy(() => consumerOptionsFromEnv(env)).problems.map(problem => /ROCKETMQ_\w+/.exec(problem)?.[0])
    expect(told.sort()).toEqual(Object.keys(env).sort())
    expect(thrownBy(() => processOptionsFromEnv({ ROCKETMQ_CONSUME_THREAD_MAX: '0' })).message).toContain('THREAD_MAX')
  })
})

describe('a preset', () => {
  it.each(Object.entries(CONSUMER_PRESETS))('%s makes a consumer', (name, preset) => {
    const { flow, model, ordering, commitMs } = resolve(preset)
    expect(resolve(preset)).toMatchObject({ flow: 'flow' in preset ? preset.flow : {} })
    expect([model, ordering, commitMs]).toEqual([
      name === 'broadcast' ? 'broadcasting' : 'clustering',
      name.startsWith('orderly') ? 'queue' : 'none',
      'commit' in preset ? preset.commit.everyMs : 5_000,
    ])
    expect(flow.unsettledPerQueue).toBeLessThanOrEqual(flow.unsettled)
  })

  it.each([
    ['production', 'highPerformance'],
    ['prod', 'highPerformance'],
    ['high-perf', 'highPerformance'],
    ['HIGH_PERFORMANCE', 'highPerformance'],
    ['testing', 'lowMemory'],
    ['test', 'lowMemory'],
    ['low-resource', 'lowResource'],
    ['orderly_high_perf', 'orderlyHighPerformance'],
    ['broadcast', 'broadcast'],
    ['development', 'default'],
    ['toString', 'default'],
    ['', 'default'],
  ])('is found by the name %j: %s', (name, preset) => {
    expect(consumerPreset(name)).toBe(preset)
  })

  it.each(Object.entries(PROCESS_PRESETS))('%s makes handlers work', (name, preset) => {
    const mode = resolve(CONSUMER_PRESETS[name as keyof typeof CONSUMER_PRESETS])
    expect(resolveProcessOptions(preset, mode)).toMatchObject(preset)
  })
})
