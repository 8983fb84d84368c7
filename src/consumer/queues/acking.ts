import { mergeMap, of, tap } from 'rxjs'
import type { OperatorFunction } from 'rxjs'
import type { Delivery } from './delivery.ts'

/**
 * For `messages$` and the streams of `queues$`: acknowledges what a pipe drops, such as
 * `messages$().pipe(acking(filter(({ message }) => message.body.cents > 0)))`, which otherwise would stay in hand for ever.
 * What comes out is settled by whoever gets it. Each delivery goes through the pipe by itself, so that it must not remember
 * others (`distinct`, `bufferCount`); one whose pipe ends without a value is acknowledged.
 */
export const acking = <D extends Delivery, R>(pipe: OperatorFunction<D, R>): OperatorFunction<D, R> =>
  mergeMap(delivery => {
    let isDropped = true
    return of(delivery).pipe(
      pipe,
      tap({
        next: () => {
          isDropped = false
        },
        complete: () => {
          if (isDropped) delivery.ack()
        },
      }),
    )
  })
