import { illegal } from '../errors.ts'
import type { ClientConfig, Timing } from './config.ts'
import { envBool, envPositive, envSeconds, envText, said } from './env-values.ts'
import type { Env } from './env-values.ts'
import { collected, wrong } from './problems.ts'

/**
 * What the environment says, and nothing else: spread it into a config, before what the program itself wants to say:
 * `createClient({ ...configFromEnv(), clientId })`.
 *
 * `ROCKETMQ_NAMESRV_ADDR` (else Java's `NAMESRV_ADDR`), `ROCKETMQ_CLIENT_ID`, `ROCKETMQ_NAMESPACE`,
 * `ROCKETMQ_ACCESS_KEY`, `ROCKETMQ_SECRET_KEY` and `ROCKETMQ_SECURITY_TOKEN`, `ROCKETMQ_DEBUG_ENABLED` (true, 1, yes, on),
 * `ROCKETMQ_RPC_TIMEOUT` and `ROCKETMQ_CONNECTION_POOL_TIMEOUT` in ms, `ROCKETMQ_BROKER_TIMEOUT` and
 * `ROCKETMQ_BROKER_CONNECT_TIMEOUT` in seconds, for the same where those are not set, `ROCKETMQ_MAX_WAITERS`.
 *
 * One ERR_RMQ_ILLEGAL tells every variable that cannot be understood.
 */
export const configFromEnv = (
  env: Env = process.env,
): Pick<ClientConfig, 'nameServers' | 'timing' | 'maxInFlight' | 'clientId' | 'namespace' | 'credentials' | 'debug'> =>
  collected('the environment', () => ({
    nameServers: envText(env, 'ROCKETMQ_NAMESRV_ADDR') ?? envText(env, 'NAMESRV_ADDR') ?? '',
    timing: said<Pick<Timing, 'requestTimeoutMs' | 'connectTimeoutMs'>>({
      requestTimeoutMs: envPositive(env, 'ROCKETMQ_RPC_TIMEOUT') ?? envSeconds(env, 'ROCKETMQ_BROKER_TIMEOUT'),
      connectTimeoutMs:
        envPositive(env, 'ROCKETMQ_CONNECTION_POOL_TIMEOUT') ?? envSeconds(env, 'ROCKETMQ_BROKER_CONNECT_TIMEOUT'),
    }),
    ...said({
      maxInFlight: envPositive(env, 'ROCKETMQ_MAX_WAITERS'),
      clientId: envText(env, 'ROCKETMQ_CLIENT_ID'),
      namespace: envText(env, 'ROCKETMQ_NAMESPACE'),
      credentials: credentialsIn(env),
      debug: envBool(env, 'ROCKETMQ_DEBUG_ENABLED'),
    }),
  }))

const credentialsIn = (env: Env) => {
  const accessKey = envText(env, 'ROCKETMQ_ACCESS_KEY')
  const secretKey = envText(env, 'ROCKETMQ_SECRET_KEY')
  const securityToken = envText(env, 'ROCKETMQ_SECURITY_TOKEN')
  if (accessKey === undefined && secretKey === undefined) return undefined
  if (accessKey !== undefined && secretKey !== undefined) {
    return { accessKey, secretKey, ...(securityToken === undefined ? {} : { securityToken }) }
  }
  const missing = accessKey === undefined ? 'ROCKETMQ_ACCESS_KEY' : 'ROCKETMQ_SECRET_KEY'
  wrong(illegal(`environment variable ${missing} is not set, but the other key is`), undefined)
}
