import { asyncScheduler, defer, distinctUntilChanged, filter, map, Observable } from 'rxjs'
import { startWith, Subject, Subscription, take } from 'rxjs'
import type { Observer, SchedulerLike, Subscriber, Unsubscribable } from 'rxjs'
import { closed, overflow } from '../errors.ts'
import { createQueue } from '../operators/queue.ts'

/** How busy a producer is. */
export interface Pressure {
  readonly inFlight: number
  readonly queued: number
  readonly queuedBytes: number
  /** Whether one more send would find room. */
  readonly accepting: boolean
}

export interface SlotLimits {
  readonly maxInFlight: number
  readonly maxQueued: number
  readonly maxQueuedBytes: number
}

/** How a send ended after its subscriber had left. */
export type Abandoned = { readonly stored: true } | { readonly stored: false; readonly error: unknown }

interface Job<T> {
  readonly bytes: number
  /** How long it may wait for its turn, ms, and what it fails with then. Default: no limit. */
  readonly waitMs?: number
  readonly tooLate?: () => Error
  /** Cold; calls `written` when bytes reached a socket. */
  readonly work$: (written: () => void) => Observable<T>
  /** Looks at what came of it before the subscriber does; what it throws is the error. */
  readonly check?: (value: T) => void
  /** The subscriber has left after bytes reached a socket. */
  readonly onLeft: () => void
  /** How that ended. */
  readonly onAbandoned: (how: Abandoned) => void
  /** Counts how it ended, whoever is still there to hear of it. */
  readonly meter?: { stored(value: T, bytes: number): void; failed(error: unknown): void }
}

export interface SendSlots {
  run$<T>(job: Job<T>): Observable<T>
  readonly pressure$: Observable<Pressure>
  /** Emits once when everything accepted until it is subscribed has ended. */
  readonly flushed$: Observable<void>
  /** Nothing more is accepted. */
  refuse(): void
  /** What waits fails with ERR_RMQ_CLOSED. */
  close(): void
  /** How busy it is now. */
  pressure(): Pressure
  /** What is on the way or waits. */
  pending(): number
}

interface Waiting {
  readonly bytes: number
  readonly start: () => void
  readonly refuse: (error: unknown) => void
  gone: boolean
}

/**
 * A bounded number of sends on the way, a bounded number waiting, then ERR_RMQ_OVERFLOW. Unsubscribing a send that waits
 * takes it out; one whose bytes reached a socket cannot be unsent, so it keeps its slot until it ends.
 */
export const createSendSlots = (
  { maxInFlight, maxQueued, maxQueuedBytes }: SlotLimits,
  scheduler: SchedulerLike = asyncScheduler,
): SendSlots => {
  const changes = new Subject<void>()
  const endings = new Subject<void>()
  const unended = new Map<number, number>() // generation ⇒ how many of it have not ended; each flush begins a new one
  let generation = 0
  const waiting = createQueue<Waiting>()
  let inFlight = 0
  let queued = 0
  let queuedBytes = 0
  let isClosed = false
  let filling = false

  const snapshot = (): Pressure => ({ inFlight, queued, queuedBytes, accepting: !isClosed && hasRoom(0) })
  const hasRoom = (bytes: number): boolean =>
    inFlight < maxInFlight || (queued < maxQueued && queuedBytes + bytes <= maxQueuedBytes)
  const changed = (): void => {
    if (changes.observed) changes.next()
  }

  /** The one place that starts what waits: a loop, so that sends that fail at once cost no stack. */
  const fill = (): void => {
    if (filling) return
    filling = true
    while (inFlight < maxInFlight) {
      const next = waiting.shift()
      if (next === undefined) break
      if (next.gone) continue
      queued--
      queuedBytes -= next.bytes
      next.start()
    }
    filling = false
    changed()
  }

  const accept = (): number => {
    unended.set(generation, (unended.get(generation) ?? 0) + 1)
    return generation
  }
  const ended = (accepted: number): void => {
    const left = (unended.get(accepted) ?? 1) - 1
    if (left > 0) unended.set(accepted, left)
    else {
      unended.delete(accepted)
      endings.next()
    }
  }
  const free = (accepted: number): void => {
    inFlight--
    ended(accepted)
  }
  const execute = <T>(job: Job<T>, subscriber: Subscriber<T>, accepted: number): Working<T> => {
    inFlight++
    const working = new Working(job, subscriber, accepted, free, fill)
    working.start()
    return working
  }

  const run$ = <T>(job: Job<T>): Observable<T> =>
    new Observable<T>(subscriber => {
      const refuse = (error: unknown): void => {
        job.meter?.failed(error)
        subscriber.error(error)
      }
      if (isClosed) return refuse(closed('the producer'))
      if (inFlight < maxInFlight && queued === 0) {
        const working = execute(job, subscriber, accept())
        changed()
        return working
      }
      if (queued >= maxQueued) return refuse(overflow('the send queue of the producer', maxQueued))
      if (!hasRoom(job.bytes)) {
        return refuse(overflow('the send queue of the producer, in bytes,', maxQueuedBytes))
      }
      const accepted = accept()
      let working: Working<T> | undefined
      const entry: Waiting = {
        bytes: job.bytes,
        start: () => {
          entry.gone = true // from the line
          patience.unsubscribe()
          working = execute(job, subscriber, accepted)
        },
        refuse,
        gone: false,
      }
      const { waitMs, tooLate } = job
      const patience =
        waitMs === undefined || tooLate === undefined
          ? Subscription.EMPTY
          : scheduler.schedule(() => refuse(tooLate()), waitMs) // its teardown takes it out of the line
      waiting.push(entry)
      queued++
      queuedBytes += job.bytes
      changed()
      return () => {
        if (working !== undefined) return working.unsubscribe()
        if (entry.gone) return
        patience.unsubscribe()
        entry.gone = true
        queued--
        queuedBytes -= job.bytes
        ended(accepted)
        if (waiting.length > 2 * queued + 1_024) waiting.retain(({ gone }) => !gone)
        changed()
      }
    })

  const pressure$ = defer(() => changes.pipe(startWith(undefined), map(snapshot), distinctUntilChanged(samePressure)))

  return {
    run$,
    pressure$,
    flushed$: defer(() => {
      const upTo = generation++
      const isOver = (): boolean => [...unended.keys()].every(one => one > upTo)
      return endings.pipe(startWith(undefined), filter(isOver), take(1))
    }),
    refuse: () => {
      isClosed = true
      changed()
    },
    close: () => {
      isClosed = true
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        if (!next.gone) next.refuse(closed('the producer'))
      }
      changed()
    },
    pressure: snapshot,
    pending: () => inFlight + queued,
  }
}

/** One job in its slot. A class, because every send passes through one: closures for each of its fates cost more. */
class Working<T> implements Observer<T>, Unsubscribable {
  private readonly job: Job<T>
  private readonly subscriber: Subscriber<T>
  private readonly accepted: number
  private readonly free: (accepted: number) => void
  private readonly fill: () => void
  private inner = Subscription.EMPTY
  private wrote = false
  private left = false
  private over = false

  constructor(
    job: Job<T>,
    subscriber: Subscriber<T>,
    accepted: number,
    free: (accepted: number) => void,
    fill: () => void,
  ) {
    this.job = job
    this.subscriber = subscriber
    this.accepted = accepted
    this.free = free
    this.fill = fill
  }

  start(): void {
    this.inner = this.job.work$(() => (this.wrote = true)).subscribe(this)
  }

  next(value: T): void {
    this.over = true
    this.job.meter?.stored(value, this.job.bytes)
    if (this.left) this.job.onAbandoned({ stored: true })
    else this.tell(value)
    this.end()
  }
  error(error: unknown): void {
    this.over = true
    this.job.meter?.failed(error)
    if (this.left) this.job.onAbandoned({ stored: false, error })
    else this.subscriber.error(error)
    this.end()
  }
  complete(): void {
    // it had its one value
  }
  /** The subscriber leaves. What reached a socket cannot be taken back: it goes on, alone. */
  unsubscribe(): void {
    if (this.over) return
    this.left = true
    if (this.wrote) return this.job.onLeft()
    this.over = true
    this.free(this.accepted)
    this.inner.unsubscribe()
    this.fill()
  }

  private tell(value: T): void {
    try {
      this.job.check?.(value)
    } catch (cause) {
      return this.subscriber.error(cause)
    }
    this.subscriber.next(value)
    this.subscriber.complete()
  }
  /** The sender hears of an end before a flush does. */
  private end(): void {
    this.free(this.accepted)
    this.fill()
  }
}

const samePressure = (a: Pressure, b: Pressure): boolean =>
  a.inFlight === b.inFlight && a.queued === b.queued && a.queuedBytes === b.queuedBytes && a.accepting === b.accepting
