import { asyncScheduler, Observable } from 'rxjs'
import type { SchedulerLike, Subscriber } from 'rxjs'
import { connectionLost, overflow, requestTimeout, protocolError, isRocketError } from '../errors.ts'
import type { Sent } from '../errors.ts'
import { isResponse } from '../protocol/frame.ts'
import type { Frame } from '../protocol/frame.ts'
import type { Connection } from './connection.ts'
import { createDeadlines } from './deadlines.ts'
import type { Deadline } from './deadlines.ts'

interface Waiter extends Deadline {
  readonly subscriber: Subscriber<Frame>
  sent: Sent
}

export interface Correlator {
  /** Subscribe for as long as the connection lives: it settles waiters and never emits. */
  readonly dispatch$: Observable<never>
  /** Asks once. Emits the one answer, whatever its code. Gives the frame its opaque. `onWritten`: the socket took it. */
  request$(frame: Frame, timeoutMs: number, onWritten?: () => void): Observable<Frame>
  /** One value when the socket took the frame. */
  oneway$(frame: Frame): Observable<void>
  inFlight(): number
  /** Whether the connection is gone: nothing can be asked any more. */
  isOver(): boolean
}

export interface CorrelatorOptions {
  readonly scheduler?: SchedulerLike
  /** Most questions without an answer on one connection. Default 10,000. */
  readonly maxInFlight?: number
  /** Called for each answer whose question is over: it timed out or was unsubscribed. */
  readonly onLate?: (response: Frame) => void
  /** Called for each answer that found its question. */
  readonly onAnswer?: () => void
}

/** Questions and answers on one connection, by opaque. Every fate of a question leaves by the same exit: its teardown. */
export const createCorrelator = (
  connection: Pick<Connection, 'endpoint' | 'frames$' | 'write$'>,
  { scheduler = asyncScheduler, maxInFlight = 10_000, onLate, onAnswer }: CorrelatorOptions = {},
): Correlator => {
  const { endpoint } = connection
  const waiting = new Map<number, Waiter>()
  const deadlines = createDeadlines(scheduler)
  let lastOpaque = 0
  let over = false

  const nextOpaque = (): number => {
    do lastOpaque = (lastOpaque + 1) & 0x7fff_ffff
    while (waiting.has(lastOpaque))
    return lastOpaque
  }

  const settle = (response: Frame): void => {
    const waiter = waiting.get(response.opaque)
    if (waiter === undefined) {
      onLate?.(response)
      return
    }
    onAnswer?.()
    waiter.subscriber.next(response)
    waiter.subscriber.complete()
  }
  const failAll = (cause?: unknown): void => {
    over = true
    deadlines.clear()
    for (const waiter of [...waiting.values()]) waiter.subscriber.error(lossFor(endpoint, waiter.sent, cause))
  }

  const dispatch$ = new Observable<never>(subscriber => {
    let loss: unknown
    // The teardown fails all waiters, also when we hang up ourselves: nobody waits for ever. It runs after the loss has
    // been told upstream, so that whoever asks again at once does not meet the dead connection.
    subscriber.add(() => failAll(loss))
    subscriber.add(
      connection.frames$.subscribe({
        next: frame => {
          if (isResponse(frame)) settle(frame)
        },
        error: (cause: unknown) => {
          loss = cause
          subscriber.error(cause)
        },
        complete: () => subscriber.complete(),
      }),
    )
  })

  const request$ = (frame: Frame, timeoutMs: number, onWritten?: () => void): Observable<Frame> =>
    new Observable<Frame>(subscriber => {
      if (over) return subscriber.error(connectionLost(endpoint, 'no'))
      if (waiting.size >= maxInFlight) {
        return subscriber.error(overflow(`the table of requests to ${endpoint}`, maxInFlight, { endpoint }))
      }
      const opaque = nextOpaque()
      const waiter: Waiter = {
        subscriber,
        sent: 'no',
        dueAt: scheduler.now() + timeoutMs,
        expire: () => subscriber.error(requestTimeout(endpoint, opaque, timeoutMs, waiter.sent)),
      }
      waiting.set(opaque, waiter) // listen before speaking
      deadlines.add(waiter)
      const write = connection.write$({ ...frame, opaque }).subscribe({
        next: () => {
          waiter.sent = 'maybe'
          onWritten?.()
        },
        error: (cause: unknown) => subscriber.error(cause),
      })
      return () => {
        waiting.delete(opaque)
        deadlines.remove(waiter)
        write.unsubscribe()
      }
    })

  const oneway$ = (frame: Frame): Observable<void> =>
    new Observable<void>(subscriber => {
      if (over) return subscriber.error(connectionLost(endpoint, 'no'))
      return connection.write$({ ...frame, opaque: nextOpaque() }).subscribe(subscriber)
    })

  return { dispatch$, request$, oneway$, inFlight: () => waiting.size, isOver: () => over }
}

/** A malformed answer keeps its own code; everything else is a lost connection. Each waiter is told whether it was sent. */
const lossFor = (endpoint: string, sent: Sent, cause: unknown): Error =>
  isRocketError(cause) && cause.code === 'ERR_RMQ_PROTOCOL'
    ? protocolError(`what ${endpoint} sent cannot be read: ${cause.message}`, { endpoint, sent, cause })
    : connectionLost(endpoint, sent, isRocketError(cause) ? (cause.cause ?? cause) : cause)
