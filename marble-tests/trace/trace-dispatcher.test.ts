import { asyncScheduler, map, NEVER, of, tap, throwError } from 'rxjs'
import type { Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { notConnected } from '../../src/errors.ts'
import type { ReportedEvent } from '../../src/observability/events.ts'
import { decodeTraceRecords } from '../../src/protocol/bodies/message-trace.ts'
import type { PubTrace } from '../../src/protocol/bodies/message-trace.ts'
import { createTraceDispatcher, type TraceDispatcherOptions } from '../../src/trace/trace-dispatcher.ts'
import { marbles, type Marbles } from '../marbles.ts'

const record = (messageId: string): PubTrace => ({
  type: 'Pub',
  timestamp: 1,
  regionId: 'r',
  group: 'g',
  topic: 't',
  messageId,
  storeHost: 'h:1',
  bodyLength: 1,
  costMs: 1,
  messageType: 'normal',
  success: true,
})

const drawn = (
  m: Marbles,
  { sends = () => of(1), ...options }: { sends?: () => Observable<unknown> } & Partial<TraceDispatcherOptions> = {},
) => {
  const sent: string[] = []
  const events: ReportedEvent[] = []
  const dispatcher = createTraceDispatcher({
    topic: 'traces',
    batchSize: 3,
    flushMs: 5,
    maxQueued: 6,
    maxMessageBytes: 10_000,
    send$: (text, keys) => {
      const ids = decodeTraceRecords(text).map(one => one.messageId)
      expect(keys).toEqual(ids)
      sent.push(`${ids.join('')} at ${asyncScheduler.now()}`)
      return sends()
    },
    report: event => events.push(event),
    scheduler: asyncScheduler,
    ...options,
  })
  const added = (diagram: string) =>
    m.expect(m.cold<string>(diagram).pipe(tap(id => dispatcher.add(record(id))))).toBeObservable(diagram)
  const failures = () =>
    events.map(event => (event.type === 'trace-failed' ? `${event.records} ${event.error.code}` : event.type))
  return { dispatcher, sent, added, failures }
}

describe('records of a trace', () => {
  it(
    'leave together: so many at once, or what there is after a while, and no timer runs while there is none',
    marbles(m => {
      const { sent, added } = drawn(m)
      added('abc-d------------(efgh)')
      m.flush()
      expect(sent).toEqual(['abc at 2', 'd at 9', 'efg at 17', 'h at 22'])
      expect(m.scheduler.now()).toBe(22)
    }),
  )

  it(
    'are cut into messages that are not too large',
    marbles(m => {
      const { sent, added } = drawn(m, { batchSize: 100, maxQueued: 100, maxMessageBytes: 1_024 })
      added('(abcdefghij)')
      m.flush()
      expect(sent.length).toBeGreaterThan(1)
      expect(sent.map(one => one.split(' ')[0]).join('')).toBe('abcdefghij')
    }),
  )

  it(
    'that find no room are dropped and counted, once per message, and take no more room than they may',
    marbles(m => {
      const { sent, added, failures } = drawn(m, { sends: () => m.cold('----------|') })
      added('(abcdefgh)---------ij')
      m.flush()
      expect(sent).toEqual(['abc at 0', 'def at 0', 'ij at 24'])
      expect(failures()).toEqual(['2 ERR_RMQ_OVERFLOW'])
    }),
  )

  it(
    'that cannot be sent are an event, and the next ones are sent all the same',
    marbles(m => {
      let n = 0
      const { sent, added, failures } = drawn(m, {
        sends: () => (n++ === 0 ? throwError(() => notConnected('b:1')) : of(1)),
      })
      added('abcdef')
      m.flush()
      expect(sent).toEqual(['abc at 2', 'def at 5'])
      expect(failures()).toEqual(['3 ERR_RMQ_CONNECT'])
    }),
  )

  it(
    'are flushed at the end, which waits for what is on the way',
    marbles(m => {
      const { dispatcher, sent, added } = drawn(m, { sends: () => m.cold('---|') })
      added('ab')
      m.expect(dispatcher.flush$().pipe(map(() => '?')), '--^').toBeObservable('-----|')
      m.expect(dispatcher.flush$(), '       ---------^').toBeObservable('---------|')
      m.flush()
      expect(sent).toEqual(['ab at 2'])
    }),
  )

  it(
    'that wait for ever keep the end waiting, but not the sends',
    marbles(m => {
      const { dispatcher, added } = drawn(m, { sends: () => NEVER })
      added('abc')
      m.expect(dispatcher.flush$(), '---^--!').toBeObservable('-------')
    }),
  )
})
