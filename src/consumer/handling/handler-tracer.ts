import type { QueueDelivery } from '../queues/delivery.ts'
import type { BatchHandler, Handler } from '../queues/handler.ts'

/** What a consumer has its handlers wrapped by. */
export interface HandlerTracer {
  /** The same handler, each call of which is traced. */
  around(handler: BatchHandler<QueueDelivery>): BatchHandler<QueueDelivery>
}

/** Where nobody traces, the handler itself: no call costs more. */
export const tracedHandler = (handler: Handler, tracer: HandlerTracer | undefined): Handler<QueueDelivery> => {
  if (tracer === undefined) return handler
  const traced$ = tracer.around(([delivery]) => handler(delivery as QueueDelivery))
  return delivery => traced$([delivery])
}

/** The same of batches: one call, whatever it has. */
export const tracedBatchHandler = (
  handler: BatchHandler,
  tracer: HandlerTracer | undefined,
): BatchHandler<QueueDelivery> => (tracer === undefined ? handler : tracer.around(handler))
