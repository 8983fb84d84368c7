import type { SharedClient } from './client/shared-client.ts'
import type { Consumer } from './consumer/consumer.ts'
import { createConsumer } from './consumer/create-consumer.ts'
import type { Delivery } from './consumer/queues/delivery.ts'
import type { ConsumerOptions } from './consumer/options.ts'
import { createTraceWriter } from './create-trace-writer.ts'
import { traceHandlers } from './trace/trace-handlers.ts'

/** A consumer that, where its options say so, has the calls of its handlers traced. */
export const createTracedConsumer = <D extends Delivery>(shared: SharedClient, options: ConsumerOptions): Consumer<D> =>
  createConsumer(shared, options, (trace, { group, settleTimeoutMs }) => {
    const { add, farewell$ } = createTraceWriter(shared, trace, group, 'CONSUME')
    const { scheduler, newMessageId } = shared.runtime
    const tracer = traceHandlers({
      group,
      ownTopic: trace.topic,
      slowMs: settleTimeoutMs,
      newRequestId: newMessageId,
      add,
      scheduler,
    })
    return { tracer, farewell$ }
  })
