import { defer, EMPTY, filter, ignoreElements, startWith, Subject, Subscription, take } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import { illegal, isRocketError, overflow } from '../errors.ts'
import type { RocketError } from '../errors.ts'
import type { Report } from '../observability/events.ts'
import { encodeTraceRecords, traceKeys } from '../protocol/bodies/message-trace.ts'
import type { TraceRecord } from '../protocol/bodies/message-trace.ts'

export interface TraceDispatcherOptions {
  readonly topic: string
  readonly batchSize: number
  readonly flushMs: number
  readonly maxQueued: number
  readonly maxMessageBytes: number
  /** Sends one trace message. */
  readonly send$: (text: string, keys: readonly string[]) => Observable<unknown>
  readonly report: Report
  readonly scheduler: SchedulerLike
}

export interface TraceDispatcher {
  /** Never fails and never waits: what finds no room is dropped and told. */
  add(record: TraceRecord): void
  /** Sends what waits now, and completes when nothing is on the way. */
  flush$(): Observable<never>
}

/** Records in batches to the trace topic: so many at once, or what there is after a while; no timer while there is none. */
export const createTraceDispatcher = (options: TraceDispatcherOptions): TraceDispatcher => {
  const { topic, batchSize, flushMs, maxQueued, maxMessageBytes, send$, report, scheduler } = options
  const endings = new Subject<void>()
  let waiting: TraceRecord[] = []
  let onTheWay = 0
  let dropped = 0
  let patience = Subscription.EMPTY
  const sendings = new Subscription()

  const failed = (records: number, error: RocketError): void => report({ type: 'trace-failed', topic, records, error })

  const sendBatch = (batch: readonly TraceRecord[]): void => {
    onTheWay += batch.length
    let over = false
    const end = (): void => {
      if (over) return
      over = true
      onTheWay -= batch.length
      endings.next()
    }
    const sending = defer(() => send$(encodeTraceRecords(batch), traceKeys(batch))).subscribe({
      error: (cause: unknown) => {
        failed(batch.length, isRocketError(cause) ? cause : illegal('trace records could not be sent', { cause }))
        end()
      },
      complete: end,
    })
    sendings.add(sending) // takes itself out when it ends
  }
  const flush = (): void => {
    patience.unsubscribe()
    if (dropped > 0) failed(dropped, overflow('the queue of trace records', maxQueued))
    dropped = 0
    const records = waiting
    waiting = []
    for (const batch of batches(records, batchSize, maxMessageBytes)) sendBatch(batch)
  }

  return {
    add: record => {
      if (waiting.length + onTheWay >= maxQueued) {
        dropped++
        if (waiting.length === 0 && dropped === 1) patience = scheduler.schedule(flush, flushMs)
        return
      }
      waiting.push(record)
      if (waiting.length >= batchSize) flush()
      else if (waiting.length === 1) {
        patience.unsubscribe()
        patience = scheduler.schedule(flush, flushMs)
      }
    },
    flush$: () =>
      defer(() => {
        flush()
        return onTheWay === 0
          ? EMPTY
          : endings.pipe(
              startWith(undefined),
              filter(() => onTheWay === 0),
              take(1),
              ignoreElements(),
            )
      }),
  }
}

/** At most so many records and so many bytes each; one record that is larger goes alone. */
const batches = (
  records: readonly TraceRecord[],
  most: number,
  mostBytes: number,
): readonly (readonly TraceRecord[])[] => {
  const all: TraceRecord[][] = []
  let bytes = 0
  for (const record of records) {
    const size = roughBytes(record)
    const last = all.at(-1)
    if (last === undefined || last.length >= most || bytes + size > mostBytes) {
      all.push([record])
      bytes = size
    } else {
      last.push(record)
      bytes += size
    }
  }
  return all
}

/** Not less than its bytes, without encoding it. */
const roughBytes = (record: TraceRecord): number =>
  Object.values(record).reduce<number>((sum, value) => sum + 1 + (typeof value === 'string' ? 3 * value.length : 24), 1)
