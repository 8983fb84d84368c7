import { checkedInt, checkedMs } from './checks.ts'
import { checkNames } from './check-names.ts'
import { collected } from './problems.ts'

/** Sockets and frames. */
export interface ConnectionOptions {
  /** First TCP keepalive probe after this much silence, ms; 0 turns probes off. Default 30,000. */
  readonly keepAliveMs: number
  /** Bytes a socket buffers before writers wait for it to drain. Default 1 MiB. */
  readonly writeBufferBytes: number
  /** Bytes that may wait for a socket to drain; more is ERR_RMQ_OVERFLOW. Default 64 MiB. */
  readonly maxWaitingBytes: number
  /** Frames that announce more are refused before anything is allocated. Default 32 MiB. */
  readonly maxFrameBytes: number
  /** First wait before dialing again after a loss, ms; each failure doubles it, with jitter. Default 100. */
  readonly reconnectFirstMs: number
  /** Longest such wait, ms. Default 3,000. */
  readonly reconnectMaxMs: number
}

/** What `connection` is where nothing else is said. */
export const CONNECTION_DEFAULTS: ConnectionOptions = {
  keepAliveMs: 30_000,
  writeBufferBytes: 1 << 20,
  maxWaitingBytes: 64 << 20,
  maxFrameBytes: 32 << 20,
  reconnectFirstMs: 100,
  reconnectMaxMs: 3_000,
}

const BYTES = [1_024] as const

/** Complete and checked; a bad option is ERR_RMQ_ILLEGAL and names itself. `undefined` means the default. */
export const resolveConnection = (given: Partial<ConnectionOptions> = {}): ConnectionOptions =>
  collected('connection', () => checkedConnection(given))

const checkedConnection = (given: Partial<ConnectionOptions>): ConnectionOptions => {
  const d = CONNECTION_DEFAULTS
  checkNames('connection', given, d)
  const ms = (name: keyof ConnectionOptions, least: number): number =>
    checkedMs(`connection.${name}`, given[name], d[name], least)
  const bytes = (name: keyof ConnectionOptions): number => checkedInt(`connection.${name}`, given[name], d[name], BYTES)
  return {
    keepAliveMs: ms('keepAliveMs', 0),
    writeBufferBytes: bytes('writeBufferBytes'),
    maxWaitingBytes: bytes('maxWaitingBytes'),
    maxFrameBytes: bytes('maxFrameBytes'),
    reconnectFirstMs: ms('reconnectFirstMs', 1),
    reconnectMaxMs: ms('reconnectMaxMs', 1),
  }
}
