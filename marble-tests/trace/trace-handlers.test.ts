import { asyncScheduler, EMPTY, map, mergeMap, throwError, timer } from 'rxjs'
import type { ObservableInput } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { createBatchWork } from '../../src/consumer/handling/batch-work.ts'
import { QueueDelivery, type Settler } from '../../src/consumer/queues/delivery.ts'
import { tracedBatchHandler, tracedHandler } from '../../src/consumer/handling/handler-tracer.ts'
import type { BatchHandler, Handler } from '../../src/consumer/queues/handler.ts'
import { createWork, type WorkContext } from '../../src/consumer/handling/work.ts'
import { operationTimeout, stalled } from '../../src/errors.ts'
import type { Inbound } from '../../src/messages/message.ts'
import { encodeTraceRecords, type TraceRecord } from '../../src/protocol/bodies/message-trace.ts'
import { traceHandlers } from '../../src/trace/trace-handlers.ts'
import { aQueue, aStored } from '../../test/support/builders.ts'
import { marbles, type Marbles } from '../marbles.ts'

const SLOW_MS = 8

/** Calls of handlers, and what is traced of them: `before m7 r1 at 3`, and `after m7 r1 success 4 good at 7`. */
const drawn = (more: Partial<WorkContext> = {}) => {
  const records: TraceRecord[] = []
  let calls = 0
  const settler: Settler = {
    queue: aQueue(),
    maxAttempts: 16,
    acked: () => undefined,
    sendBack: () => undefined,
    released: () => undefined,
    read: () => ({}) as Inbound,
    extend$: () => EMPTY,
  }
  const context: WorkContext = {
    timeoutMs: undefined,
    policy: () => 'retry-later',
    maxAttempts: 16,
    onDecodeError: 'dead-letter',
    onFailure: () => undefined,
    onStop: () => undefined,
    onCut: () => undefined,
    scheduler: asyncScheduler,
    ...more,
  }
  const tracer = traceHandlers({
    group: 'g',
    ownTopic: 'traces',
    slowMs: SLOW_MS,
    newRequestId: () => `r${++calls}`,
    add: record => records.push(record),
    scheduler: asyncScheduler,
  })
  const delivery = (id: string, properties: Readonly<Record<string, string>> = {}, name = 't', reconsumeTimes = 0) =>
    new QueueDelivery(aStored({ properties: { UNIQ_KEY: id, ...properties }, reconsumeTimes }), name, settler)
  const told = () =>
    records.map(record => {
      if (record.type === 'SubBefore') return `before ${record.messageId} ${record.requestId} at ${record.timestamp}`
      if (record.type !== 'SubAfter') return record.type
      const { messageId, requestId, outcome = '', costMs, success, timestamp = NaN } = record
      return `after ${messageId} ${requestId} ${outcome} ${costMs} ${success ? 'good' : 'bad'} at ${timestamp}`
    })
  return {
    delivery,
    records,
    told,
    work: (handler: Handler) => createWork(tracedHandler(handler, tracer), context),
    batchWork: (handler: BatchHandler) => createBatchWork(tracedBatchHandler(handler, tracer), context),
  }
}
/** Works on one message that comes at 1 ms. */
const drawOne = (
  m: Marbles,
  handler: Handler,
  more: Partial<WorkContext> = {},
  meanwhile: (delivery: QueueDelivery) => void = () => undefined,
) => {
  const { told, delivery, work } = drawn(more)
  const one = delivery('m')
  m.cold('-a|')
    .pipe(mergeMap((): ObservableInput<unknown> => work(handler)(one)))
    .subscribe()
  timer(4).subscribe(() => meanwhile(one))
  m.flush()
  expect(told()[0]).toBe('before m r1 at 1')
  expect(told()).toHaveLength(2)
  return told()[1]
}
const fails = (): never => {
  throw new Error('no stock')
}

describe('a call of a handler is traced', () => {
  it.each<[string, Handler, string]>([
    ['nothing', () => undefined, 'success 0 good at 1'],
    ['what completes', () => timer(3), 'success 3 good at 4'],
    ['an exception', fails, 'exception 0 bad at 1'],
    ['what fails', () => timer(2).pipe(map(fails)), 'exception 2 bad at 3'],
    ['null', (() => null) as unknown as Handler, 'returned-null 0 bad at 1'],
    ['what is no stream', (() => 42) as unknown as Handler, 'exception 0 bad at 1'],
    ['what completes after it was sent back', one => (one.retryLater(), timer(2)), 'failed 2 bad at 3'],
    [
      'nothing after it was put to the dead letters',
      one => {
        one.deadLetter()
      },
      'failed 0 bad at 1',
    ],
    ['what fails after it was acknowledged', one => (one.ack(), throwError(fails)), 'exception 0 bad at 1'],
    ['what takes longer than settling may', () => timer(SLOW_MS), 'timeout 8 good at 9'],
    ['what fails so late', () => timer(SLOW_MS + 1).pipe(map(fails)), 'exception 9 bad at 10'],
  ])('by how it ends: with %s', (_, handler, after) =>
    marbles(m => {
      expect(drawOne(m, handler)).toBe(`after m r1 ${after}`)
    })(),
  )

  it('as too long when its time is over, also when it ends by its signal', () => {
    marbles(m => {
      expect(drawOne(m, () => timer(20), { timeoutMs: 5 })).toBe('after m r1 timeout 5 bad at 6')
    })()
    const bySignal: Handler = ({ signal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))
    marbles(m => {
      expect(drawOne(m, bySignal, { timeoutMs: 5 })).toBe('after m r1 timeout 5 bad at 6')
    })()
  })

  it.each<[string, (delivery: QueueDelivery) => void, string]>([
    ['sent back because nobody settled it', one => one.expire(stalled('g', 'q', '7', 'at work'), 3), 'timeout'],
    ['visible to others again', one => one.lose(operationTimeout('settling', 5)), 'timeout'],
    ['taken away', one => one.lose(new Error('revoked')), 'failed'],
  ])('when its message is %s', (_, meanwhile, outcome) =>
    marbles(m => {
      expect(drawOne(m, () => timer(20), {}, meanwhile)).toBe(`after m r1 ${outcome} 3 bad at 4`)
    })(),
  )

  it(
    'as failed when the consumer stops under it',
    marbles(m => {
      const { told, delivery, work } = drawn()
      const working = timer(0)
        .pipe(mergeMap((): ObservableInput<unknown> => work(() => timer(9))(delivery('m'))))
        .subscribe()
      timer(4).subscribe(() => working.unsubscribe())
      m.flush()
      expect(told()).toEqual(['before m r1 at 0', 'after m r1 failed 4 bad at 4'])
    }),
  )

  it(
    'anew each time, as often as it is called',
    marbles(m => {
      const { told, delivery, work } = drawn({ policy: () => 'suspend-queue' })
      const one = delivery('m')
      let calls = 0
      const attempt = (): ObservableInput<unknown> => work(() => (++calls < 2 ? fails() : undefined))(one)
      timer(1).pipe(mergeMap(attempt)).subscribe()
      timer(5)
        .pipe(mergeMap(() => (one.again(), attempt())))
        .subscribe()
      m.flush()
      expect(told()).toEqual([
        'before m r1 at 1',
        'after m r1 exception 0 bad at 1',
        'before m r2 at 5',
        'after m r2 success 0 good at 5',
      ])
    }),
  )
})

describe('a batch', () => {
  it(
    'is one call: its messages share the id and the time, and each is told by what became of it',
    marbles(m => {
      const { told, delivery, batchWork } = drawn()
      const batch = ['a', 'b', 'c'].map(id => delivery(id))
      const handler: BatchHandler = ([, second]) => (second?.retryLater(), timer(7))
      timer(1)
        .pipe(mergeMap(() => batchWork(handler)(batch)))
        .subscribe()
      m.flush()
      expect(told()).toEqual([
        ...['a', 'b', 'c'].map(id => `before ${id} r1 at 1`),
        'after a r1 success 2 good at 8',
        'after b r1 failed 2 bad at 8',
        'after c r1 success 2 good at 8',
      ])
    }),
  )
})

describe('a record', () => {
  it('has what Java writes: region, keys, and how often the message came before', () => {
    const { records, delivery, work } = drawn()
    void work(() => undefined)(delivery('m', { KEYS: 'k l', MSG_REGION: 'east' }, 't', 2))
    void work(() => undefined)(delivery('n'))
    expect(records[0]).toMatchObject({ regionId: 'east', group: 'g', retryTimes: 2, keys: 'k l' })
    expect(records[1]).toMatchObject({ group: 'g', keys: 'k l' })
    expect(records[2]).toMatchObject({ regionId: 'DefaultRegion', retryTimes: 0 })
    expect(encodeTraceRecords(records).split('\u0002')).toHaveLength(5)
  })

  it('is not written for messages that want none, nor for the trace itself; the others of a batch are told', () => {
    const { told, delivery, work, batchWork } = drawn()
    const unwanted = () => delivery('m', { TRACE_ON: 'false' })
    const ofTraces = () => delivery('n', {}, 'traces')
    void work(() => undefined)(unwanted())
    void work(() => undefined)(ofTraces())
    expect(told()).toEqual([])
    void batchWork(() => undefined)([unwanted(), delivery('o', { TRACE_ON: 'true' }), ofTraces()])
    expect(told().map(one => one.split(' ', 2).join(' '))).toEqual(['before o', 'after o'])
  })
})
