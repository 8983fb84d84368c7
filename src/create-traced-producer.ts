import { concat, defer, EMPTY, ignoreElements, takeUntil, timer } from 'rxjs'
import type { SharedClient } from './client/shared-client.ts'
import { codecs } from './messages/codecs.ts'
import { message } from './messages/message.ts'
import { topic } from './messages/topic.ts'
import type { ProducerOptions } from './producer/options.ts'
import { createProducer } from './producer/producer.ts'
import type { Producer } from './producer/producer.ts'
import type { Tracer } from './producer/tracer.ts'
import { createTraceDispatcher } from './trace/trace-dispatcher.ts'
import { traceSends } from './trace/trace-sends.ts'

type Feature = Parameters<SharedClient['enlist']>[0]

/** As Java's inner producer, ms. */
const TRACE_TIMEOUT_MS = 5_000
const MAX_GROUP_LENGTH = 255

/** A producer that, where its options say so, has its sends traced: by another producer, which ends with it. */
export const createTracedProducer = (
  shared: SharedClient,
  options?: ProducerOptions,
  traced?: (tracer: Tracer) => void,
): Producer =>
  createProducer(shared, options, (trace, group) => {
    const { report, runtime } = shared
    const { scheduler } = runtime
    let feature: Feature | undefined
    const inner = createProducer(
      // its end comes between that of the producer and that of the client, so the client itself does not end it
      { ...shared, enlist: enlisted => ((feature = enlisted), () => undefined) },
      {
        group: `_INNER_TRACE_PRODUCER-${group}-PRODUCE-1`.slice(0, MAX_GROUP_LENGTH),
        timeoutMs: TRACE_TIMEOUT_MS,
        maxMessageBytes: 16 << 20, // one record is never cut, whatever maxMessageBytes says
      },
    )
    const texts = topic(trace.topic, codecs.text)
    const dispatcher = createTraceDispatcher({
      ...trace,
      send$: (text, keys) => inner.send$(message(texts, text, { keys })),
      report,
      scheduler,
    })
    const tracer: Tracer = traceSends({ group, ownTopic: trace.topic, add: dispatcher.add, scheduler })
    traced?.(tracer)
    return {
      tracer,
      farewell$: leftMs =>
        concat(
          dispatcher.flush$().pipe(takeUntil(timer(leftMs, scheduler))),
          defer(() => feature?.close$(leftMs) ?? EMPTY),
        ).pipe(ignoreElements()),
    }
  })
