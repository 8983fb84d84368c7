import { concat, defer, EMPTY, ignoreElements, takeUntil, timer } from 'rxjs'
import type { Observable } from 'rxjs'
import type { SharedClient } from './client/shared-client.ts'
import type { TraceSettings } from './client/trace-options.ts'
import { codecs } from './messages/codecs.ts'
import { message } from './messages/message.ts'
import { topic } from './messages/topic.ts'
import { createProducer } from './producer/producer.ts'
import { createTraceDispatcher } from './trace/trace-dispatcher.ts'
import type { TraceDispatcher } from './trace/trace-dispatcher.ts'

type Feature = Parameters<SharedClient['enlist']>[0]

/** As Java's inner producer, ms. */
const TRACE_TIMEOUT_MS = 5_000
const MAX_GROUP_LENGTH = 255

export interface TraceWriter extends Pick<TraceDispatcher, 'add'> {
  /** Sends what waits, and ends. Completes within `leftMs`. */
  farewell$(leftMs: number): Observable<never>
}

/** Writes the trace of one group: by a producer of its own, which ends with whoever is traced. */
export const createTraceWriter = (
  shared: SharedClient,
  trace: TraceSettings,
  group: string,
  does: 'PRODUCE' | 'CONSUME',
): TraceWriter => {
  const { report, runtime } = shared
  const { scheduler } = runtime
  let feature: Feature | undefined
  const inner = createProducer(
    // its end comes between that of whoever is traced and that of the client, so the client itself does not end it
    { ...shared, enlist: enlisted => ((feature = enlisted), () => undefined) },
    {
      group: `_INNER_TRACE_PRODUCER-${group}-${does}-1`.slice(0, MAX_GROUP_LENGTH),
      timeoutMs: TRACE_TIMEOUT_MS,
      maxMessageBytes: 16 << 20, // one record is never cut, whatever maxMessageBytes says
    },
  )
  const texts = topic(trace.topic, codecs.text)
  const { add, flush$ } = createTraceDispatcher({
    ...trace,
    send$: (text, keys) => inner.send$(message(texts, text, { keys })),
    report,
    scheduler,
  })
  return {
    add,
    farewell$: leftMs =>
      concat(
        flush$().pipe(takeUntil(timer(leftMs, scheduler))),
        defer(() => feature?.close$(leftMs) ?? EMPTY),
      ).pipe(ignoreElements()),
  }
}
