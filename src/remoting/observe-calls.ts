import { asyncScheduler, defer, tap } from 'rxjs'
import type { SchedulerLike } from 'rxjs'
import { isRocketError } from '../errors.ts'
import type { ConnectionRole } from '../observability/events.ts'
import { requestName } from '../protocol/requests/requests.ts'
import type { Call, Interceptor } from './interceptors.ts'

/** How one call to a server went. */
export interface SeenCall {
  readonly kind: Call['kind']
  readonly endpoint: string
  readonly role: ConnectionRole
  /** The request code; of a reply its response code. */
  readonly code: number
  /** The official name of the request; of a reply the number. */
  readonly name: string
  /** From the call to its answer or its failure, waiting for a connection included, ms. */
  readonly elapsedMs: number
  /** The response code; undefined where nothing was answered. */
  readonly responseCode: number | undefined
  /** ERR_RMQ_… of what failed; a refusal is an answer and has a response code. */
  readonly failure: string | undefined
}

/**
 * An interceptor that tells how every call went, for metrics. A call that is given up is not told. What `onCall` throws
 * is the error of that call.
 */
export const observeCalls =
  (onCall: (seen: SeenCall) => void, scheduler: SchedulerLike = asyncScheduler): Interceptor =>
  next =>
  call =>
    defer(() => {
      const startedAt = scheduler.now()
      const { kind, endpoint, role, frame } = call
      const seen = (responseCode?: number, failure?: string): void =>
        onCall({
          kind,
          endpoint,
          role,
          code: frame.code,
          name: kind === 'reply' ? String(frame.code) : requestName(frame.code),
          elapsedMs: scheduler.now() - startedAt,
          responseCode,
          failure,
        })
      return next(call).pipe(
        tap({
          next: answer => seen(answer?.code),
          error: (error: unknown) => seen(undefined, isRocketError(error) ? error.code : 'unknown'),
        }),
      )
    })
