import { configFromEnv, createClient } from '../index.ts'
import type { Client } from '../index.ts'
import { EXIT, exitCodeOf } from './exit-codes.ts'
import type { Interruption } from './interruption.ts'
import type { Print } from './print.ts'
import { usageError } from './usage.ts'

/** One word after `rmq`. */
export interface Command {
  readonly summary: string
  readonly help: string
  /** Resolves with the exit code. A wrong command line throws a usage error. */
  run(args: readonly string[], io: Io): Promise<number>
}

export interface Io {
  readonly print: Print
  readonly interruption: Interruption
}

/** Flags of every command that talks to a cluster. */
export const CLUSTER_FLAGS = { 'name-servers': { type: 'string', short: 'n' } } as const

export const CLUSTER_HELP = `  -n, --name-servers HOST:PORT[;HOST:PORT]  default: ROCKETMQ_NAMESRV_ADDR, else NAMESRV_ADDR`

/** A client of the cluster that flag or environment name. */
export const clientOf = (nameServers: string | undefined): Client => {
  const config = configFromEnv()
  const addresses = nameServers ?? config.nameServers
  if (addresses === '') throw usageError('which cluster? give -n HOST:PORT or set ROCKETMQ_NAMESRV_ADDR')
  return createClient({ ...config, nameServers: addresses, logger: false }) // what goes wrong is told by the command
}

/** A client that cannot reach a name server is unreachable, however that showed. */
export const exitCodeOfStart = (error: unknown): number => {
  const code = exitCodeOf(error)
  return code === EXIT.TIMEOUT ? EXIT.UNREACHABLE : code
}

export const required = (flag: string, value: string | undefined): string => {
  if (value !== undefined && value !== '') return value
  throw usageError(`${flag} is missing`)
}
