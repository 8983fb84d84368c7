import { Observable, Subscription } from 'rxjs'
import type { SchedulerLike, Subscriber } from 'rxjs'
import { isRocketError } from '../../errors.ts'
import type { PopHandle } from '../../protocol/pop/popped-messages.ts'
import { RESPONSE } from '../../protocol/responses.ts'

/** How acknowledgements are told to a broker. */
export interface AckRequests {
  readonly ack$: (handle: PopHandle) => Observable<unknown>
  /** Several at once; brokers of 5.0 do not know how, and say so. */
  readonly ackMany$: (handles: readonly PopHandle[]) => Observable<unknown>
}

interface Waiting {
  readonly handle: PopHandle
  readonly subscriber: Subscriber<void>
}

/** Handles in one request at most. */
const MOST = 512

/**
 * Acknowledges at one broker: what is acknowledged within one turn goes in one request, where the broker can. Cold; one
 * value when the broker has taken it. Unsubscribed before its request is made, it leaves it.
 */
export const createPopAcks = (
  { ack$, ackMany$ }: AckRequests,
  asap: SchedulerLike,
): ((handle: PopHandle) => Observable<void>) => {
  let waiting: Waiting[] = []
  let flushing = Subscription.EMPTY
  let knowsBatches = true

  const flush = (): void => {
    const all = waiting.filter(({ subscriber }) => !subscriber.closed)
    waiting = []
    for (let start = 0; start < all.length; start += MOST) send(all.slice(start, start + MOST))
  }
  const send = (batch: readonly Waiting[]): void => {
    if (batch.length > 1 && knowsBatches) sendTogether(batch)
    else for (const one of batch) sendAlone(one)
  }
  const sendAlone = ({ handle, subscriber }: Waiting): void => {
    subscriber.add(
      ack$(handle).subscribe({
        error: (error: unknown) => subscriber.error(error),
        complete: () => done(subscriber),
      }),
    )
  }
  const sendTogether = (batch: readonly Waiting[]): void => {
    const open = (): readonly Waiting[] => batch.filter(({ subscriber }) => !subscriber.closed)
    const request = ackMany$(batch.map(({ handle }) => handle)).subscribe({
      error: (error: unknown) => {
        if (isRocketError(error) && error.responseCode === RESPONSE.REQUEST_CODE_NOT_SUPPORTED) {
          knowsBatches = false
          send(open())
        } else {
          for (const { subscriber } of open()) subscriber.error(error)
        }
      },
      complete: () => {
        for (const { subscriber } of open()) done(subscriber)
      },
    })
    // Cancelled only when nobody of the batch waits any more.
    for (const { subscriber } of batch) subscriber.add(() => open().length === 0 && request.unsubscribe())
  }

  return handle =>
    new Observable<void>(subscriber => {
      if (waiting.push({ handle, subscriber }) === 1) flushing = asap.schedule(flush)
      subscriber.add(() => {
        if (waiting.every(one => one.subscriber.closed)) {
          waiting = []
          flushing.unsubscribe()
        }
      })
    })
}

const done = (subscriber: Subscriber<void>): void => {
  subscriber.next()
  subscriber.complete()
}
