import type { Socket } from 'node:net'
import { BehaviorSubject, Observable } from 'rxjs'
import type { Subscriber } from 'rxjs'
import { connectionLost, overflow } from '../errors.ts'

export interface WriteGate {
  /** Cold. One value when the socket took the bytes; waits for `drain` while it is full. Unsubscribed before: not sent. */
  write$(bytes: Buffer): Observable<void>
  /** Whether the socket takes more at once. */
  readonly writable$: Observable<boolean>
  close(): void
}

interface Waiting {
  readonly bytes: Buffer
  readonly subscriber: Subscriber<void>
}

/**
 * Lets bytes pass while the socket takes them, then makes writers wait, within a bound. All that is written in one turn
 * of the event loop leaves in one system call.
 */
export const createWriteGate = (
  socket: Pick<Socket, 'write' | 'cork' | 'uncork' | 'on'>,
  endpoint: string,
  maxWaitingBytes: number,
): WriteGate => {
  const writable = new BehaviorSubject(true)
  const waiting = new Set<Waiting>() // in order of arrival
  let full = false
  let corked = false
  let closed = false
  let waitingBytes = 0

  const isFull = (): boolean => full
  const uncork = (): void => {
    corked = false
    socket.uncork()
  }
  const write = (bytes: Buffer): void => {
    if (!corked) {
      corked = true
      socket.cork()
      process.nextTick(uncork)
    }
    if (socket.write(bytes) || full) return
    full = true
    writable.next(false)
  }
  const leave = (entry: Waiting): void => {
    if (waiting.delete(entry)) waitingBytes -= entry.bytes.length
  }
  socket.on('drain', () => {
    full = false
    for (const entry of waiting) {
      if (isFull()) return
      leave(entry)
      write(entry.bytes)
      entry.subscriber.next()
      entry.subscriber.complete()
    }
    if (!isFull()) writable.next(true)
  })

  const write$ = (bytes: Buffer): Observable<void> =>
    new Observable<void>(subscriber => {
      if (closed) {
        subscriber.error(connectionLost(endpoint, 'no'))
        return undefined
      }
      if (!full && waiting.size === 0) {
        write(bytes)
        subscriber.next()
        subscriber.complete()
        return undefined
      }
      if (waitingBytes + bytes.length > maxWaitingBytes) {
        subscriber.error(overflow(`the write queue to ${endpoint}`, maxWaitingBytes, { endpoint }))
        return undefined
      }
      const entry: Waiting = { bytes, subscriber }
      waiting.add(entry)
      waitingBytes += bytes.length
      return () => leave(entry)
    })

  const close = (): void => {
    closed = true
    writable.complete()
    for (const entry of waiting) entry.subscriber.error(connectionLost(endpoint, 'no'))
    waiting.clear()
    if (corked) uncork()
  }

  return { write$, writable$: writable.asObservable(), close }
}
