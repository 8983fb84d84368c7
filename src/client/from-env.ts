import { illegal } from '../errors.ts'
import type { ClientConfig, Timing } from './config.ts'

/** Environment variables, as in `process.env`. */
export type Env = Readonly<Record<string, string | undefined>>

/** Environment variable ⇒ timing option. Values are ms. */
const TIMING: Readonly<Record<string, keyof Timing>> = {
  ROCKETMQ_RPC_TIMEOUT: 'requestTimeoutMs',
  ROCKETMQ_CONNECTION_POOL_TIMEOUT: 'connectTimeoutMs',
}

/**
 * What the environment says: `ROCKETMQ_NAMESRV_ADDR` (else Java's `NAMESRV_ADDR`), `ROCKETMQ_RPC_TIMEOUT` and
 * `ROCKETMQ_CONNECTION_POOL_TIMEOUT` in ms, `ROCKETMQ_MAX_WAITERS`. Spread it into a config:
 * `createClient({ ...configFromEnv(), clientId })`. A value that is not a number is ERR_RMQ_ILLEGAL.
 */
export const configFromEnv = (env: Env = process.env): Pick<ClientConfig, 'nameServers' | 'timing' | 'maxInFlight'> => {
  const nameServers = env['ROCKETMQ_NAMESRV_ADDR'] || env['NAMESRV_ADDR'] || ''
  const timing = Object.fromEntries(
    Object.entries(TIMING).flatMap(([name, option]) => {
      const value = positiveInteger(env, name)
      return value === undefined ? [] : [[option, value]]
    }),
  )
  const maxInFlight = positiveInteger(env, 'ROCKETMQ_MAX_WAITERS')
  return { nameServers, timing, ...(maxInFlight === undefined ? {} : { maxInFlight }) }
}

const positiveInteger = (env: Env, name: string): number | undefined => {
  const value = env[name]
  if (value === undefined || value === '') return undefined
  if (/^\d{1,10}$/.test(value) && Number(value) > 0) return Number(value)
  throw illegal(`environment variable ${name} is "${value.slice(0, 40)}": expected a positive whole number`)
}
