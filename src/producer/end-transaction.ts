import { catchError, concatMap, defer, filter, map, merge, of, race, take, tap, throwError, timeout } from 'rxjs'
import type { Observable } from 'rxjs'
import type { HalfHeader, ToldEnd } from '../broker/transactions.ts'
import type { SharedClient } from '../client/shared-client.ts'
import { closed, notConnected } from '../errors.ts'
import type { MessageOptions } from '../messages/message.ts'
import { TEMPLATE_TOPIC } from '../protocol/names.ts'
import { masterOf } from '../protocol/bodies/routes.ts'
import type { Decision } from './transaction-options.ts'

interface HalfAt {
  /** The broker that has the half message. */
  readonly endpoint$: Observable<string>
  readonly half: Omit<HalfHeader, 'producerGroup' | 'transactionId'>
  /** Of the message, for whoever traces. */
  readonly message: Pick<MessageOptions, 'tag' | 'keys'>
}

/** Tells a broker what became of a half message: once, for a repeated commit may store the message twice. */
export type EndTransaction = (transactionId: string, decision: Decision, at: () => HalfAt) => Observable<unknown>

/** One value, never an error: `undefined` when it went out, else why not, which is reported, too. */
export const createEndTransaction =
  (
    { broker, timing, closing$ }: SharedClient,
    producerGroup: string,
    onFailure: (transactionId: string, error: unknown) => void,
    onTold?: (end: ToldEnd) => void,
  ): EndTransaction =>
  (transactionId, decision, at) =>
    race(
      closing$.pipe(concatMap(() => throwError(() => closed('the client')))), // or it would dial again
      defer(() => {
        const { endpoint$, half, message } = at()
        const header = { producerGroup, transactionId, ...half }
        return endpoint$.pipe(
          concatMap(endpoint =>
            broker.transactions.end$(endpoint, header, decision, timing.requestTimeoutMs).pipe(
              tap(() =>
                onTold?.({
                  topic: half.topic ?? '',
                  messageId: half.msgId,
                  tag: message.tag,
                  keys: message.keys,
                  transactionId,
                  decision,
                  endpoint,
                  fromCheck: half.fromTransactionCheck === true,
                }),
              ),
            ),
          ),
        )
      }),
    ).pipe(
      map(() => undefined),
      catchError((error: unknown) => {
        onFailure(transactionId, error)
        return of(error)
      }),
    )

/** The address of a broker that took a message of a topic. Of a topic that it just created, the template knows better. */
export const masterOf$ = (
  { routes, timing, runtime: { scheduler } }: SharedClient,
  topic: string,
  brokerName: string,
): Observable<string> => {
  const in$ = (known: string): Observable<string | undefined> =>
    routes.routes$(known).pipe(map(({ route }) => (route === undefined ? undefined : masterOf(route, brokerName))))
  return in$(topic).pipe(
    take(1),
    concatMap(address => (address === undefined ? merge(in$(topic), in$(TEMPLATE_TOPIC)) : of(address))),
    filter(address => address !== undefined),
    take(1),
    timeout({
      first: timing.requestTimeoutMs,
      scheduler,
      with: () => throwError(() => notConnected(brokerName, new Error('it is in no route'))),
    }),
  )
}
