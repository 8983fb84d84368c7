import { concatMap, of, tap, throwError } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import type { Broker } from '../broker/broker.ts'
import type { SendHeader } from '../broker/sending.ts'
import { illegal } from '../errors.ts'
import { versionName, versionOrdinal } from '../protocol/versions.ts'

type Sending = Broker['sending']
interface Patience {
  readonly timeoutMs?: number
  readonly patient?: boolean
}
type Send<O, R> = (endpoint: string, header: SendHeader, body: Buffer, options: O) => Observable<R>

const FIRST_WITH_TIMERS = versionOrdinal('V5_0_0')

/** Asks a broker for its release. `patient`: waits for a connection that is down. */
export type AskRelease = (endpoint: string, timeoutMs: number, patient: boolean) => Observable<number>

/**
 * Sends messages that name the time of their delivery. Brokers before 5.0 do not heed it: they would deliver at once, and
 * say that all is well. So the release is asked before the first of them; one that is new enough is remembered.
 */
export const createTimedSending = (sending: Sending, ask$: AskRelease, scheduler: SchedulerLike): Sending => {
  const modern = new Map<string, number>()

  const release$ = (endpoint: string, timeoutMs: number, patient: boolean): Observable<number> => {
    const known = modern.get(endpoint)
    if (known !== undefined) return of(known)
    return ask$(endpoint, timeoutMs, patient).pipe(
      tap(release => {
        if (release >= FIRST_WITH_TIMERS) modern.set(endpoint, release)
      }),
    )
  }

  const checked =
    <O extends Patience, R>(send$: Send<O, R>): Send<O, R> =>
    (endpoint, header, body, options) => {
      const { timeoutMs = 0, patient = false } = options
      const dueAt = scheduler.now() + timeoutMs
      return release$(endpoint, timeoutMs, patient).pipe(
        concatMap(release =>
          release < FIRST_WITH_TIMERS
            ? throwError(() => noTimers(endpoint, release))
            : send$(endpoint, header, body, { ...options, timeoutMs: Math.max(1, dueAt - scheduler.now()) }),
        ),
      )
    }

  return { ...sending, send$: checked(sending.send$), oneway$: checked(sending.oneway$) }
}

const noTimers = (endpoint: string, release: number) =>
  illegal(`${endpoint} runs RocketMQ ${releaseText(release)}, which delivers at once whatever time a message names`, {
    endpoint,
    advice: 'use a delay level (`deliver: { level }`), or brokers of 5.0 or later',
  })

/** `V4_9_7` as people write it. */
const releaseText = (release: number): string => versionName(release).replace(/^V/, '').replaceAll('_', '.')
