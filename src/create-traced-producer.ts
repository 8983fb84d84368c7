import type { SharedClient } from './client/shared-client.ts'
import { createTraceWriter } from './create-trace-writer.ts'
import type { ProducerOptions } from './producer/options.ts'
import { createProducer } from './producer/producer.ts'
import type { Producer } from './producer/producer.ts'
import type { Tracer } from './producer/tracer.ts'
import { traceSends } from './trace/trace-sends.ts'

/** A producer that, where its options say so, has its sends traced. */
export const createTracedProducer = (
  shared: SharedClient,
  options?: ProducerOptions,
  traced?: (tracer: Tracer) => void,
): Producer =>
  createProducer(shared, options, (trace, group) => {
    const { add, farewell$ } = createTraceWriter(shared, trace, group, 'PRODUCE')
    const tracer: Tracer = traceSends({ group, ownTopic: trace.topic, add, scheduler: shared.runtime.scheduler })
    traced?.(tracer)
    return { tracer, farewell$ }
  })
