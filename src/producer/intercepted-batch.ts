import {
  catchError,
  concatMap,
  defer,
  EMPTY,
  finalize,
  forkJoin,
  map,
  merge,
  of,
  ReplaySubject,
  share,
  take,
  tap,
  throwError,
} from 'rxjs'
import type { Observable } from 'rxjs'
import type { Outbound } from '../messages/message.ts'
import { asRocketError } from './send-outcome.ts'
import type { Accepted, Around, Sending } from './send-interceptors.ts'
import { hasFailed } from './together.ts'
import type { End } from './together.ts'

/** One message of a batch, as the interceptors handed it on. */
export interface Member {
  readonly message: Outbound
  readonly messageId: string
}

/** Sends messages together; one end for each, in their order. */
type SendMembers<R> = (members: readonly Member[]) => Observable<readonly End<R>[]>

/**
 * The messages of a batch through interceptors, each by itself; those that come through leave together. When they are
 * refused as a whole, that is the error.
 */
export const interceptedBatch$ = <R extends Accepted>(
  around: Around,
  sendings: readonly Omit<Sending, 'group'>[],
  send$: SendMembers<R>,
): Observable<readonly End<R>[]> =>
  defer(() => {
    const arrived = new Map<number, Member>() // by their place
    const undecided = new Set(sendings.keys())
    const decided$ = new ReplaySubject<void>(1)
    let refusal: { readonly cause: unknown } | undefined
    let hasLeft = false
    /** Whether it comes along is settled, one way or the other. */
    const decide = (place: number): void => {
      if (undecided.delete(place) && undecided.size === 0) decided$.next()
    }

    const decision$ = (place: number): Observable<never> =>
      defer(() => {
        decide(place)
        return EMPTY
      })

    const together$ = decided$.pipe(
      take(1),
      concatMap(() => {
        hasLeft = true
        const places = [...arrived.keys()].sort((a, b) => a - b)
        const members = places.flatMap(place => arrived.get(place) ?? [])
        return send$(members).pipe(map(ends => new Map(places.map((place, i) => [place, ends[i]]))))
      }),
      catchError((cause: unknown) => {
        refusal = { cause }
        return throwError(() => cause)
      }),
      share({ connector: () => new ReplaySubject(1), resetOnComplete: false, resetOnError: false }),
    )
    const member$ = (place: number, { message, messageId }: Sending): Observable<R> =>
      defer(() => {
        const member = { message, messageId }
        if (hasLeft) return send$([member]).pipe(map(([end]) => resultOf(end)))
        arrived.set(place, member)
        // listened to before it leaves: who hears of its end and goes must not be the last one
        return merge(together$, decision$(place)).pipe(
          map(ends => resultOf(ends.get(place))),
          finalize(() => {
            if (!hasLeft) arrived.delete(place) // its interceptor has turned away
          }),
        )
      })
    const end$ = (sending: Omit<Sending, 'group'>, place: number): Observable<End<R>> => {
      let isOver = false
      return around(sending, one => member$(place, one)).pipe(
        take(1),
        catchError((cause: unknown) => of(asRocketError(cause))),
        tap({ complete: () => (isOver = true) }),
        finalize(() => {
          if (isOver) decide(place) // a subscriber that leaves decides nothing: the others would go without it
        }),
      )
    }
    return forkJoin(sendings.map(end$)).pipe(
      map(ends => {
        if (refusal !== undefined) throw refusal.cause
        return ends
      }),
    )
  })

const resultOf = <R>(end: End<R> | undefined): R => {
  if (end === undefined || hasFailed(end)) throw asRocketError(end)
  return end
}
