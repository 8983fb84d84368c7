import { connect } from 'node:net'
import type { NetConnectOpts, Socket } from 'node:net'
import type { Endpoint } from './endpoint.ts'

/** Opens a socket and returns it at once, still connecting. TLS is another Dial. */
export type Dial = (endpoint: Endpoint) => Socket

export interface TcpOptions {
  /** First keepalive probe after this much silence, ms. Default 30,000; 0 turns probes off. */
  readonly keepAliveMs?: number
  /** Bytes the socket buffers before writers must wait for `drain`. Default 1 MiB: one burst of a busy turn. */
  readonly writeBufferBytes?: number
}

/**
 * Plain TCP: no delay (frames are already gathered per turn), keepalive, and never a reason by itself for the process
 * to live on: whoever waits for something holds the process (`client/process-life.ts`).
 */
export const tcp =
  ({ keepAliveMs = 30_000, writeBufferBytes = 1 << 20 }: TcpOptions = {}): Dial =>
  ({ host, port }) => {
    const options = { host, port, noDelay: true, keepAlive: keepAliveMs > 0, keepAliveInitialDelay: keepAliveMs }
    // Node hands the option on to the stream, its types do not know it
    return connect({ ...options, writableHighWaterMark: writeBufferBytes } as NetConnectOpts).unref()
  }
