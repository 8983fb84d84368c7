import { envBool, envPositive, envText, envTime, envWhole, envWord, said } from '../client/env-values.ts'
import type { Env } from '../client/env-values.ts'
import { collected, wrong } from '../client/problems.ts'
import { illegal } from '../errors.ts'
import { fileOffsets } from './offsets/file-offsets.ts'
import type { FileOffsetsOptions } from './offsets/file-offsets.ts'
import type { Offsets } from './offsets/offset-store.ts'
import type { ConsumerOptions, FlowLimits, MessageModel, StartFrom } from './options.ts'
import type { ProcessOptions } from './handling/process-options.ts'

const MODELS: Readonly<Record<string, MessageModel>> = { clustering: 'clustering', broadcasting: 'broadcasting' }
const PLACES: Readonly<Record<string, 'first' | 'last' | 'time'>> = {
  consume_from_first_offset: 'first',
  consume_from_last_offset: 'last',
  consume_from_timestamp: 'time',
}
const RULES = { avg: 'average', hash: 'consistent-hash' } as const
const TIMESTAMP = 'ROCKETMQ_CONSUME_TIMESTAMP'
const MS_PER_MINUTE = 60_000

/** Where a member that is alone keeps its offsets, if anything is said of it. */
const offsetsOf = (env: Env): Offsets | undefined => {
  const options = said<FileOffsetsOptions>({
    dir: envText(env, 'ROCKETMQ_OFFSET_STORE_PATH'),
    autoRecovery: envBool(env, 'ROCKETMQ_ENABLE_AUTO_RECOVERY'),
  })
  return Object.keys(options).length === 0 ? undefined : fileOffsets(options)
}

const startOf = (env: Env): StartFrom | undefined => {
  const place = envWord(env, 'ROCKETMQ_CONSUME_FROM_WHERE', PLACES)
  if (place !== 'time') return place
  if (envText(env, TIMESTAMP) !== undefined) return envTime(env, TIMESTAMP)
  const expectation = 'expected ms since 1970, as ROCKETMQ_CONSUME_FROM_WHERE is CONSUME_FROM_TIMESTAMP'
  wrong<undefined>(illegal(`environment variable ${TIMESTAMP} is not set: ${expectation}`), undefined)
}

/**
 * What the environment says of a consumer, and nothing else: `client.consumer({ ...consumerOptionsFromEnv(), group, subscribe })`.
 *
 * `ROCKETMQ_CONSUMER_GROUP`, `ROCKETMQ_MESSAGE_MODEL` (`CLUSTERING`, `BROADCASTING`), `ROCKETMQ_CONSUME_FROM_WHERE`
 * (`CONSUME_FROM_FIRST_OFFSET`, `CONSUME_FROM_LAST_OFFSET`, `CONSUME_FROM_TIMESTAMP`, which takes
 * `ROCKETMQ_CONSUME_TIMESTAMP`, ms since 1970), `ROCKETMQ_ALLOCATE_STRATEGY` (`AVG`, `HASH`),
 * `ROCKETMQ_CONSUME_TIMEOUT` in minutes, as Java's, `ROCKETMQ_PULL_BATCH_SIZE`, `ROCKETMQ_MAX_CACHE_SIZE` in messages,
 * `ROCKETMQ_PERSIST_INTERVAL` in ms, `ROCKETMQ_MAX_RECONSUME_TIMES`; where `ROCKETMQ_MESSAGE_MODEL` is `BROADCASTING` also
 * `ROCKETMQ_OFFSET_STORE_PATH`, a directory, and `ROCKETMQ_ENABLE_AUTO_RECOVERY`.
 *
 * One ERR_RMQ_ILLEGAL tells every variable that cannot be understood.
 */
export const consumerOptionsFromEnv = (env: Env = process.env) =>
  collected('the environment', () => {
    const minutes = envPositive(env, 'ROCKETMQ_CONSUME_TIMEOUT')
    const flow = said<Pick<FlowLimits, 'pullBatch' | 'unsettled'>>({
      pullBatch: envPositive(env, 'ROCKETMQ_PULL_BATCH_SIZE'),
      unsettled: envPositive(env, 'ROCKETMQ_MAX_CACHE_SIZE'),
    })
    const everyMs = envPositive(env, 'ROCKETMQ_PERSIST_INTERVAL')
    const maxAttempts = envWhole(env, 'ROCKETMQ_MAX_RECONSUME_TIMES')
    const model = envWord(env, 'ROCKETMQ_MESSAGE_MODEL', MODELS)
    const offsets = offsetsOf(env)
    return said<
      Pick<
        ConsumerOptions,
        'group' | 'model' | 'offsets' | 'startFrom' | 'allocate' | 'settleTimeoutMs' | 'flow' | 'commit' | 'retry'
      >
    >({
      group: envText(env, 'ROCKETMQ_CONSUMER_GROUP'),
      model,
      offsets: model === 'broadcasting' ? offsets : undefined,
      startFrom: startOf(env),
      allocate: envWord(env, 'ROCKETMQ_ALLOCATE_STRATEGY', RULES),
      settleTimeoutMs: minutes === undefined ? undefined : minutes * MS_PER_MINUTE,
      flow: Object.keys(flow).length === 0 ? undefined : flow,
      commit: everyMs === undefined ? undefined : { everyMs },
      retry: maxAttempts === undefined ? undefined : { maxAttempts },
    })
  })

/**
 * The same for `process$` and `processBatch$`: `ROCKETMQ_CONSUME_THREAD_MAX`, else `ROCKETMQ_CONSUME_THREAD_MIN`, is how many
 * handlers work at once.
 */
export const processOptionsFromEnv = (env: Env = process.env): Pick<ProcessOptions, 'concurrency'> =>
  collected('the environment', () => {
    const least = envPositive(env, 'ROCKETMQ_CONSUME_THREAD_MIN')
    return said({ concurrency: envPositive(env, 'ROCKETMQ_CONSUME_THREAD_MAX') ?? least })
  })
