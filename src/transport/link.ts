import type { Socket } from 'node:net'
import { asyncScheduler, Observable } from 'rxjs'
import type { SchedulerLike, Subscriber } from 'rxjs'
import { connectionLost, notConnected } from '../errors.ts'
import type { Dial } from './dial.ts'
import { parseEndpoint } from './endpoint.ts'
import { createWriteGate } from './write-gate.ts'
import type { WriteGate } from './write-gate.ts'

/** A connected socket: bytes in, bytes out. */
export interface Link extends Pick<WriteGate, 'write$' | 'tryWrite' | 'writable$'> {
  readonly endpoint: string
  /**
   * What arrives, for exactly one subscriber (the framer): a socket whose listener left would not pause. Errors when the
   * socket is lost.
   */
  readonly bytes$: Observable<Buffer>
}

export interface LinkOptions {
  readonly dial: Dial
  /** Default 3,000 ms, as Java's connectTimeoutMillis. */
  readonly connectTimeoutMs?: number
  /** Most bytes that may wait for the socket to take more. Default 64 MiB. */
  readonly maxWaitingBytes?: number
  readonly scheduler?: SchedulerLike
}

/** How long an unsubscribed link may still flush what was written, ms. */
const FAREWELL_MS = 1_000

/** Emits one Link when connected and stays open. Losing the socket is an error; unsubscribing closes it. */
export const link$ = (
  endpoint: string,
  { dial, connectTimeoutMs = 3_000, maxWaitingBytes = 64 << 20, scheduler = asyncScheduler }: LinkOptions,
): Observable<Link> =>
  new Observable<Link>(subscriber => {
    const socket = dial(parseEndpoint(endpoint))
    const gate = createWriteGate(socket, endpoint, maxWaitingBytes)
    let reader: Subscriber<Buffer> | undefined
    let connected = false
    let reason: unknown // 'error' tells why, 'close' follows it

    const bytes$ = new Observable<Buffer>(sink => {
      const onData = (chunk: Buffer): void => sink.next(chunk)
      reader = sink
      socket.on('data', onData)
      return () => socket.off('data', onData)
    })
    const lost = (cause?: unknown): void => {
      const error = connected ? connectionLost(endpoint, 'no', cause) : notConnected(endpoint, cause)
      patience.unsubscribe()
      reader?.error(error) // first those who wait for answers, with the reason
      subscriber.error(error)
    }
    const patience = scheduler.schedule(() => {
      lost(new Error(`not connected within ${connectTimeoutMs} ms`))
      socket.destroy()
    }, connectTimeoutMs)

    socket.once('connect', () => {
      connected = true
      patience.unsubscribe()
      subscriber.next({ endpoint, bytes$, write$: gate.write$, tryWrite: gate.tryWrite, writable$: gate.writable$ })
    })
    socket.on('error', cause => {
      reason = cause // on, not once: a late second 'error' must not end the process
    })
    socket.once('end', () => socket.destroy()) // a half-open connection is of no use to either side
    socket.once('close', () => lost(reason))

    return () => {
      patience.unsubscribe()
      gate.close()
      farewell(socket, scheduler)
    }
  })

/** What was written before the end may still reach the socket, for a moment. */
const farewell = (socket: Socket, scheduler: SchedulerLike): void => {
  if (socket.destroyed) return
  if (socket.connecting || socket.writableLength === 0) {
    socket.destroy()
    return
  }
  const patience = scheduler.schedule(() => socket.destroy(), FAREWELL_MS)
  socket.once('close', () => patience.unsubscribe())
  socket.destroySoon()
}
