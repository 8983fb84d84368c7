import type { ObservableInput } from 'rxjs'
import type { Delivery, Settlement } from './delivery.ts'

/** Does the work of one message. Completing is success, whatever it emits; throwing, rejecting or an error is failure. */
export type Handler<D extends Delivery = Delivery> = (delivery: D) => ObservableInput<unknown> | void

/**
 * Does the work of several messages at once, in order of arrival. Completing acknowledges those that it did not settle
 * itself; failure means `onError` for each of those.
 */
export type BatchHandler<D extends Delivery = Delivery> = (deliveries: readonly D[]) => ObservableInput<unknown> | void

/** What became of one delivery. */
export interface Processed<D extends Delivery = Delivery> {
  readonly delivery: D
  /** What was decided; `delivery.settled$` tells when the broker side of it is done. */
  readonly settlement: Settlement
  readonly elapsedMs: number
  /** Why the handler failed, if it did. */
  readonly error?: unknown
}
