import {
  concat,
  defer,
  EMPTY,
  ignoreElements,
  merge,
  Observable,
  of,
  Subject,
  switchMap,
  take,
  takeUntil,
  tap,
  timer,
} from 'rxjs'
import type { SchedulerLike, Subscriber } from 'rxjs'
import { illegal } from '../../errors.ts'
import { queueKey } from '../../messages/offsets.ts'
import type { QueueRef } from '../../messages/offsets.ts'
import type { Delivery, QueueDelivery } from '../queues/delivery.ts'

/** A queue that this member holds, and its messages. */
export interface QueueStream<D extends Delivery = Delivery> {
  readonly queue: QueueRef
  /**
   * Pulls while it is subscribed to; once. Whoever subscribes settles each delivery. Completes when the queue is revoked
   * or the consumer ends; unsubscribing releases what is in hand, and the queue rests until it is revoked.
   */
  readonly messages$: Observable<D>
}

/** How long nobody may subscribe to the messages of a queue before that is told, ms. */
const UNHEARD_MS = 1_000

export interface QueueStreamOptions {
  readonly pages$: Observable<readonly QueueDelivery[]>
  readonly revoked$: Observable<unknown>
  /** Nobody reads it any more, until it is revoked and wound up. */
  readonly rest$: () => Observable<never>
  readonly onUnheard: (error: unknown) => void
  readonly scheduler: SchedulerLike
}

/** Emits the stream of one queue; completes when the queue was revoked and wound up. */
export const queueStream$ = (
  queue: QueueRef,
  { pages$, revoked$, rest$, onUnheard, scheduler }: QueueStreamOptions,
): Observable<QueueStream<QueueDelivery>> =>
  new Observable<QueueStream<QueueDelivery>>(out => {
    const begins = new Subject<Subscriber<QueueDelivery>>()
    let listener: Subscriber<QueueDelivery> | undefined
    let ending = false
    const end = (): void => {
      ending = true
      listener?.complete()
    }
    const messages$ = new Observable<QueueDelivery>(subscriber => {
      if (listener !== undefined)
        throw illegal(`the messages of ${queueKey(queue)} have a subscriber already, or had one`)
      if (ending) return subscriber.complete()
      listener = subscriber
      begins.next(subscriber)
      return undefined
    })

    const left$ = (subscriber: Subscriber<QueueDelivery>): Observable<void> =>
      new Observable(sink => subscriber.add(() => ending || sink.next()))
    const flow$ = (subscriber: Subscriber<QueueDelivery>): Observable<never> =>
      merge(
        revoked$.pipe(take(1), tap(end)),
        pages$.pipe(tap(page => page.forEach(each => subscriber.next(each)))),
      ).pipe(ignoreElements(), takeUntil(left$(subscriber)))
    const begun$ = begins.pipe(take(1), takeUntil(revoked$))
    const heard$ = begun$.pipe(
      switchMap(subscriber =>
        concat(
          flow$(subscriber),
          defer(() => (ending ? EMPTY : rest$())),
        ),
      ),
    )
    const unheard$ = timer(UNHEARD_MS, scheduler).pipe(
      tap(() => onUnheard(illegal(`nobody subscribes to the messages of ${queueKey(queue)}: it is held and rests`))),
      ignoreElements(),
      takeUntil(merge(begins, revoked$)),
    )
    out.add(end)
    out.add(merge(heard$, unheard$, of({ queue, messages$ })).subscribe(out))
  })
