import type { Socket } from 'node:net'
import { BehaviorSubject, Observable } from 'rxjs'
import type { Subscriber } from 'rxjs'
import { connectionLost, overflow } from '../errors.ts'

export interface WriteGate {
  /** Cold. One value when the socket took the bytes; waits for `drain` while it is full. Unsubscribed before: not sent. */
  write$(bytes: Buffer): Observable<void>
  /** Whether the socket took the bytes at once. If not, nothing happened: `write$` waits, or tells why it cannot. */
  tryWrite(bytes: Buffer): boolean
  /** Whether the socket takes more at once. */
  readonly writable$: Observable<boolean>
  close(): void
}

interface Waiting {
  readonly bytes: Buffer
  readonly subscriber: Subscriber<void>
}

/** As much as a socket buffers by default: more is written at once, so that a full socket is noticed. */
const BURST_BYTES = 65_536
const NOTHING = Buffer.alloc(0)

/**
 * Lets bytes pass while the socket takes them, then makes writers wait, within a bound. All that is written in one turn
 * of the event loop leaves in one write: copying small frames costs less than a write for each.
 */
export const createWriteGate = (
  socket: Pick<Socket, 'write' | 'on'>,
  endpoint: string,
  maxWaitingBytes: number,
  burstBytes = BURST_BYTES,
): WriteGate => {
  const writable = new BehaviorSubject(true)
  const waiting = new Set<Waiting>() // in order of arrival
  let full = false
  let closed = false
  let waitingBytes = 0
  let due: Buffer[] = [] // taken in this turn
  let dueBytes = 0

  const isFull = (): boolean => full
  const flush = (): void => {
    if (due.length === 0) return
    const [first = NOTHING] = due
    const bytes = due.length === 1 ? first : Buffer.concat(due, dueBytes)
    due = []
    dueBytes = 0
    if (socket.write(bytes) || full) return
    full = true
    writable.next(false)
  }
  const write = (bytes: Buffer): void => {
    if (due.push(bytes) === 1) queueMicrotask(flush) // the end of this turn, and no time in between
    dueBytes += bytes.length
    if (dueBytes >= burstBytes) flush()
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

  const tryWrite = (bytes: Buffer): boolean => {
    if (closed || full || waiting.size > 0) return false
    write(bytes)
    return true
  }
  const write$ = (bytes: Buffer): Observable<void> =>
    new Observable<void>(subscriber => {
      if (closed) {
        subscriber.error(connectionLost(endpoint, 'no'))
        return undefined
      }
      if (tryWrite(bytes)) {
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
    flush()
  }

  return { write$, tryWrite, writable$: writable.asObservable(), close }
}
