import { concat, defer, EMPTY, filter, from, merge, repeat, takeUntil, takeWhile, tap, timer } from 'rxjs'
import type { Observable, ObservableInput, SchedulerLike } from 'rxjs'
import type { Permits } from '../../operators/permits.ts'
import type { QueueDelivery } from '../queues/delivery.ts'
import { isOpen } from './settling.ts'

export interface InPlaceOptions {
  /** Who rests holds none: a queue that waits to try again does not keep others from working. */
  readonly permits: Permits
  /** How long it rests, unless a delivery asks for another time. */
  readonly suspendMs: number
  /** No attempt begins any more. It replays. */
  readonly stopping$: Observable<unknown>
  readonly scheduler: SchedulerLike
}

/**
 * Work that is tried again in place until all of it is decided: nothing of its queue overtakes it meanwhile. When the
 * consumer stops, what is not decided is released. Work that decides all of it at once costs no subscription.
 */
export const inPlace = <R>(
  deliveries: readonly QueueDelivery[],
  attempt: (open: readonly QueueDelivery[]) => ObservableInput<R>,
  released: (delivery: QueueDelivery) => R,
  { permits, suspendMs, stopping$, scheduler }: InPlaceOptions,
): ObservableInput<R> => {
  const open = (): readonly QueueDelivery[] => deliveries.filter(isOpen)
  const isAnyOpen = (): boolean => deliveries.some(isOpen)
  const first$ = isAnyOpen() ? permits.atOnce$(() => attempt(open())) : []
  if (Array.isArray(first$) && !isAnyOpen()) return first$ as R[]
  let begun$ = first$
  /** What is taken away while it waits, for its lane, for a permit or for its rest to end, is none of its business any more. */
  const attempt$ = defer(() => {
    const one$ = begun$
    begun$ = undefined
    if (one$ !== undefined) return one$
    return isAnyOpen() ? permits.within$(() => (isAnyOpen() ? attempt(open()) : EMPTY)) : EMPTY
  })
  const again$ = defer(() => {
    if (!isAnyOpen()) return EMPTY
    const taken$ = merge(...open().map(({ settled$ }) => settled$)).pipe(filter(() => !isAnyOpen()))
    const restMs = Math.max(...open().map(delivery => delivery.restMs ?? suspendMs))
    return timer(restMs, scheduler).pipe(
      filter(isAnyOpen),
      tap(() => {
        for (const delivery of open()) delivery.again()
      }),
      takeUntil(merge(stopping$, taken$)),
    )
  })
  return concat(
    attempt$.pipe(repeat({ delay: () => again$ }), takeWhile(isAnyOpen, true)),
    defer(() => {
      const left = open()
      for (const delivery of left) delivery.release()
      return from(left.map(released))
    }),
  )
}
