import { EMPTY, map, takeUntil, timer } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import { runEach } from '../operators/run-each.ts'

/** A broker that is avoided. `healing`: the last it was asked went well. */
export interface Ailing {
  readonly endpoint: string
  readonly healing: boolean
}

/** Until it is well, a broker that answers again is asked this often, ms: nobody should wait minutes for five successes. */
const HEALING_MS = 1_000

/** When to ask which broker how it is: every `probeMs` while it is avoided, sooner once it answers; never when none is. */
export const probes$ = (
  ailing$: Observable<readonly Ailing[]>,
  probeMs: number,
  scheduler: SchedulerLike,
): Observable<string> =>
  probeMs === 0
    ? EMPTY
    : ailing$.pipe(
        map(all => new Map(all.map(one => [`${one.endpoint} ${one.healing}`, one]))),
        runEach(({ endpoint, healing }, left$) => {
          const everyMs = healing ? Math.min(HEALING_MS, probeMs) : probeMs
          return timer(everyMs, everyMs, scheduler).pipe(
            map(() => endpoint),
            takeUntil(left$),
          )
        }),
      )
