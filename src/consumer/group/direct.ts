import { catchError, concat, defer, EMPTY, from, ignoreElements, of } from 'rxjs'
import type { Observable } from 'rxjs'
import type { QueueDelivery } from '../queues/delivery.ts'
import type { DirectResult } from './member-view.ts'
import type { Handler } from '../queues/handler.ts'

/** Gives a message to a handler outside of everything, and tells what the handler made of it. */
export const consumedDirectly$ = (handler: Handler, delivery: QueueDelivery): Observable<DirectResult> =>
  concat(
    defer(() => from(handler(delivery) ?? EMPTY)).pipe(ignoreElements()),
    defer(() => of(resultOf(delivery))),
  ).pipe(catchError((error: unknown) => of<DirectResult>({ result: 'CR_THROW_EXCEPTION', remark: described(error) })))

const resultOf = ({ decision }: QueueDelivery): DirectResult =>
  decision === undefined || decision === 'acked'
    ? { result: 'CR_SUCCESS' }
    : { result: 'CR_LATER', remark: `the handler settled it itself: ${decision}` }

const described = (error: unknown): string => (error instanceof Error ? error.message : String(error))
