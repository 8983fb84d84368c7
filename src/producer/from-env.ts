import { envPositive, envText, envWhole, envWord, said } from '../client/env-values.ts'
import type { Env } from '../client/env-values.ts'
import { collected } from '../client/problems.ts'
import type { ProducerOptions, Selection } from './options.ts'

/** With a sharding key the hash chooses the queue anyway; without one there is nothing to hash. */
const STRATEGIES: Readonly<Record<string, Selection>> = {
  round_robin: 'round-robin',
  random: 'random',
  message_hash: 'round-robin',
}

/**
 * What the environment says of a producer, and nothing else: `client.producer({ ...producerOptionsFromEnv(), retries: 5 })`.
 *
 * `ROCKETMQ_PRODUCER_GROUP`, `ROCKETMQ_SEND_MSG_TIMEOUT` in ms, `ROCKETMQ_RETRY_TIMES`, `ROCKETMQ_MAX_MESSAGE_SIZE` in bytes,
 * `ROCKETMQ_ROUTING_STRATEGY` (`round_robin`, `random`, or `message_hash`, which is what a sharding key does).
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
