import { catchError, defer, firstValueFrom, map, of } from 'rxjs'
import type { Observable } from 'rxjs'
import type { SharedClient } from '../client/shared-client.ts'
import { isRocketError } from '../errors.ts'
import type { Outbound } from '../messages/message.ts'
import { neverSync } from '../operators/never-sync.ts'
import { routeNow } from './next-route.ts'
import { toOutgoing } from './outgoing.ts'
import type { OutgoingOptions } from './outgoing.ts'
import type { RoutingResult } from './route.ts'
import type { SenderOptions } from './send.ts'
import { resolveSendOptions } from './send-options.ts'
import type { SendOptions } from './send-options.ts'

/** Routing without sending. */
export interface RouteDoor {
  /**
   * Where a message would go now, and why: cold, one result. Nothing is sent, counted or moved on. That there is no way is
   * a result, too (`ok: false`); only a message or an option that makes no sense is an error.
   */
  route$<T>(message: Outbound<T>, options?: SendOptions): Observable<RoutingResult>
  /** `route$`, at once. */
  route<T>(message: Outbound<T>, options?: SendOptions): Promise<RoutingResult>
}

export const createRouteDoor = (
  context: SenderOptions,
  packing: OutgoingOptions,
  { runtime, life }: Pick<SharedClient, 'runtime' | 'life'>,
): RouteDoor => {
  const { boards, settings, scheduler } = context
  const route$ = (message: Outbound, options: SendOptions = {}): Observable<RoutingResult> =>
    defer(() => {
      const at = scheduler.now()
      const outgoing = toOutgoing(message, '', at, packing)
      const { timeoutMs, select } = resolveSendOptions(options, settings, outgoing.topic)
      return boards.board$(outgoing.topic, timeoutMs).pipe(
        map(board => routeNow(context, { board, outgoing, select, at, tried: NONE, last: undefined })),
        catchError((error: unknown) => {
          if (!isRocketError(error) || error.code === 'ERR_RMQ_CLOSED') throw error
          return of<RoutingResult>({ ok: false, error, strategy: 'round-robin', queue: undefined, cursor: 0 })
        }),
      )
    }).pipe(neverSync(runtime.asap), life.held())

  return { route$, route: (message, options) => firstValueFrom(route$(message, options)) }
}

const NONE: ReadonlySet<string> = new Set()
