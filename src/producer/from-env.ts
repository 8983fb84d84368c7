import { envPositive, envText, envWhole, envWord, said } from '../client/env-values.ts'
import type { Env } from '../client/env-values.ts'
import { collected } from '../client/problems.ts'
import type { ProducerOptions } from './options.ts'
import type { Selection } from './selection.ts'

const STRATEGIES: Readonly<Record<string, Selection>> = {
  round_robin: 'round-robin',
  random: 'random',
  least_latency: 'least-latency',
  weighted: 'weighted',
  message_hash: 'message-hash',
}

/**
 * What the environment says of a producer, and nothing else: `client.producer({ ...producerOptionsFromEnv(), retries: 5 })`.
 *
 * `ROCKETMQ_PRODUCER_GROUP`, `ROCKETMQ_SEND_MSG_TIMEOUT` in ms, `ROCKETMQ_RETRY_TIMES`, `ROCKETMQ_MAX_MESSAGE_SIZE` in bytes,
 * `ROCKETMQ_ROUTING_STRATEGY` (`round_robin`, `random`, `message_hash`, `least_latency`, `weighted`).
 *
 * One ERR_RMQ_ILLEGAL tells every variable that cannot be understood.
 */
export const producerOptionsFromEnv = (env: Env = process.env): ProducerOptions =>
  collected('the environment', () =>
    said<Pick<ProducerOptions, 'group' | 'timeoutMs' | 'retries' | 'maxMessageBytes' | 'select'>>({
      group: envText(env, 'ROCKETMQ_PRODUCER_GROUP'),
      timeoutMs: envPositive(env, 'ROCKETMQ_SEND_MSG_TIMEOUT'),
      retries: envWhole(env, 'ROCKETMQ_RETRY_TIMES'),
      maxMessageBytes: envPositive(env, 'ROCKETMQ_MAX_MESSAGE_SIZE'),
      select: envWord(env, 'ROCKETMQ_ROUTING_STRATEGY', STRATEGIES),
    }),
  )
