import { defer, throwError } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import { neverSync } from '../../operators/never-sync.ts'

/** Something that runs by options, which are looked at when somebody subscribes. */
export type Resolved = <R, T>(resolve: () => R, run$: (resolved: R) => Observable<T>) => Observable<T>

/** What is wrong with options is told as everything is: as an error, and not inside of subscribe. */
export const createResolved =
  (asap: SchedulerLike): Resolved =>
  (resolve, run$) =>
    defer(() => {
      try {
        return run$(resolve())
      } catch (error) {
        return throwError(() => error).pipe(neverSync(asap))
      }
    })
