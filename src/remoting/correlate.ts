import { asyncScheduler, Observable } from 'rxjs'
import type { SchedulerLike, Subscriber, Unsubscribable } from 'rxjs'
import { connectionLost, overflow, requestTimeout, protocolError, isRocketError } from '../errors.ts'
import type { Sent } from '../errors.ts'
import { isResponse } from '../protocol/frames/frame.ts'
import type { Frame } from '../protocol/frames/frame.ts'
import type { Connection } from './connection.ts'
import { createDeadlines } from './deadlines.ts'
import type { Deadline } from './deadlines.ts'

/** Makes something of an answer; what it throws becomes the error of the request. */
export type Read<T> = (response: Frame) => T

export interface Correlator {
  /** Subscribe for as long as the connection lives: it settles waiters and never emits. */
  readonly dispatch$: Observable<never>
  /** Asks once. Emits the one answer, whatever its code. Gives the frame its opaque. `onWritten`: the socket took it. */
  request$(frame: Frame, timeoutMs: number, onWritten?: () => void): Observable<Frame>
  /** The same, and makes something of the answer on the way: a subscription less than `map`. */
  request$<T>(frame: Frame, timeoutMs: number, onWritten: (() => void) | undefined, read: Read<T>): Observable<T>
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
  /** Called whenever the last open question was answered or is over. */
  readonly onQuiet?: () => void
}

/** Questions and answers on one connection, by opaque. Every fate of a question leaves by the same exit: its teardown. */
export const createCorrelator = (
  connection: Pick<Connection, 'endpoint' | 'frames$' | 'write$' | 'tryWrite'>,
  { scheduler = asyncScheduler, maxInFlight = 10_000, onLate, onAnswer, onQuiet }: CorrelatorOptions = {},
): Correlator => {
  const { endpoint } = connection
  const waiting = new Map<number, Waiter<unknown>>()
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
    forget(waiter) // first: what hears the answer may hang up, and this question is not lost then
    onAnswer?.()
    waiter.answered(response)
  }
  const forget = (waiter: Waiter<unknown>): void => {
    if (!waiting.delete(waiter.opaque)) return
    deadlines.remove(waiter)
    if (waiting.size === 0) onQuiet?.()
  }
  const failAll = (cause?: unknown): void => {
    over = true
    deadlines.clear()
    for (const waiter of [...waiting.values()]) waiter.lost(cause)
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

  const request$ = <T>(frame: Frame, timeoutMs: number, onWritten?: () => void, read?: Read<T>): Observable<T> =>
    new Observable<T>(subscriber => {
      if (over) return subscriber.error(connectionLost(endpoint, 'no'))
      if (waiting.size >= maxInFlight) {
        return subscriber.error(overflow(`the table of requests to ${endpoint}`, maxInFlight, { endpoint }))
      }
      const opaque = nextOpaque()
      const dueAt = scheduler.now() + timeoutMs
      const waiter = new Waiter(endpoint, opaque, timeoutMs, dueAt, subscriber, read, onWritten, forget)
      waiting.set(opaque, waiter) // listen before speaking
      deadlines.add(waiter)
      subscriber.add(waiter)
      const numbered = { ...frame, opaque }
      if (connection.tryWrite?.(numbered) === true) waiter.written()
      else {
        subscriber.add(
          connection.write$(numbered).subscribe({
            next: () => waiter.written(),
            error: (cause: unknown) => subscriber.error(cause),
          }),
        )
      }
    })

  const oneway$ = (frame: Frame): Observable<void> =>
    new Observable<void>(subscriber => {
      if (over) return subscriber.error(connectionLost(endpoint, 'no'))
      return connection.write$({ ...frame, opaque: nextOpaque() }).subscribe(subscriber)
    })

  return { dispatch$, request$, oneway$, inFlight: () => waiting.size, isOver: () => over }
}

/**
 * Who waits for one answer. A class, because one is made for every request: a prototype where a closure for each of its
 * fates would cost more than the correlation itself.
 */
class Waiter<T> implements Deadline, Unsubscribable {
  readonly dueAt: number
  readonly opaque: number
  sent: Sent = 'no'
  private readonly endpoint: string
  private readonly timeoutMs: number
  private readonly subscriber: Subscriber<T>
  private readonly read: Read<T> | undefined
  private readonly onWritten: (() => void) | undefined
  private readonly forget: (waiter: Waiter<unknown>) => void

  constructor(
    endpoint: string,
    opaque: number,
    timeoutMs: number,
    dueAt: number,
    subscriber: Subscriber<T>,
    read: Read<T> | undefined,
    onWritten: (() => void) | undefined,
    forget: (waiter: Waiter<unknown>) => void,
  ) {
    this.endpoint = endpoint
    this.opaque = opaque
    this.timeoutMs = timeoutMs
    this.dueAt = dueAt
    this.subscriber = subscriber
    this.read = read
    this.onWritten = onWritten
    this.forget = forget
  }

  written(): void {
    this.sent = 'maybe'
    this.onWritten?.()
  }
  answered(response: Frame): void {
    let answer: T
    try {
      // without a reader the answer is the frame itself
      answer = this.read === undefined ? (response as T) : this.read(response)
    } catch (cause) {
      return this.subscriber.error(cause)
    }
    this.subscriber.next(answer)
    this.subscriber.complete()
  }
  lost(cause: unknown): void {
    this.subscriber.error(lossFor(this.endpoint, this.sent, cause))
  }
  expire(): void {
    this.subscriber.error(requestTimeout(this.endpoint, this.opaque, this.timeoutMs, this.sent))
  }
  /** The one exit: answered, failed, timed out or given up. */
  unsubscribe(): void {
    this.forget(this)
  }
}

/** A malformed answer keeps its own code; everything else is a lost connection. Each waiter is told whether it was sent. */
const lossFor = (endpoint: string, sent: Sent, cause: unknown): Error =>
  isRocketError(cause) && cause.code === 'ERR_RMQ_PROTOCOL'
    ? protocolError(`what ${endpoint} sent cannot be read: ${cause.message}`, { endpoint, sent, cause })
    : connectionLost(endpoint, sent, isRocketError(cause) ? (cause.cause ?? cause) : cause)
