import { describe, expect, it } from 'vitest'
import { decodeTraceRecords, encodeTraceRecords, traceKeys } from '../../src/protocol/bodies/message-trace.ts'
import type { PubTrace, SubAfterTrace, SubBeforeTrace, TraceRecord } from '../../src/protocol/bodies/message-trace.ts'
import { thrownBy } from '../support/failure.ts'

const HEAD = { timestamp: 1_758_273_940_123, regionId: 'DefaultRegion', group: 'pg' }
const PUB: PubTrace = {
  ...HEAD,
  type: 'Pub',
  topic: 'TopicTest',
  messageId: 'id-1',
  tags: 'TagA',
  keys: 'order-1 order-2',
  storeHost: '10.0.0.1:10911',
  bodyLength: 5,
  costMs: 3,
  messageType: 'delay',
  offsetMessageId: 'offset-id',
  success: true,
}
const BEFORE: SubBeforeTrace = { ...HEAD, type: 'SubBefore', requestId: 'r', messageId: 'id-2', retryTimes: 2 }
const AFTER: SubAfterTrace = { type: 'SubAfter', requestId: 'r', messageId: 'id-2', costMs: 1, success: false }

const RECORDS: readonly TraceRecord[] = [
  PUB,
  { ...PUB, success: false, clientHost: '10.0.0.5' },
  { ...HEAD, type: 'SubBefore', requestId: 'r', messageId: 'id-2', retryTimes: 2, keys: 'k', clientHost: '10.0.0.5' },
  BEFORE,
  AFTER,
  { ...AFTER, keys: 'k', outcome: 'returned-null' },
  { ...AFTER, outcome: 'failed', timestamp: 5, group: 'cg' },
  {
    ...HEAD,
    type: 'EndTransaction',
    topic: 't',
    messageId: 'id-3',
    storeHost: 'b:1',
    messageType: 'commit',
    transactionId: 'x',
    state: 'UNKNOW',
    fromCheck: true,
  },
  { ...HEAD, type: 'Recall', topic: 't', messageId: 'id-4', success: true },
]

const text = (...values: readonly string[]): string => `${values.join('\u0001')}\u0002`

describe('trace records', () => {
  it('come back as they were written, alone and together, whatever may be missing', () => {
    for (const record of RECORDS) expect(decodeTraceRecords(encodeTraceRecords([record]))).toEqual([record])
    expect(decodeTraceRecords(encodeTraceRecords(RECORDS))).toEqual(RECORDS)
    expect(decodeTraceRecords('')).toEqual([])
  })

  it('have no empty value at their end, which the official reader would read beyond', () => {
    const written = encodeTraceRecords([{ ...BEFORE, keys: '' }])
    expect(written.endsWith('\u00012\u0001null\u0002')).toBe(true)
    expect(decodeTraceRecords(written)).toEqual([BEFORE])
  })

  it('are found by the ids and by each key of the messages that they tell about', () => {
    expect(traceKeys([PUB, PUB, BEFORE])).toEqual(['id-1', 'order-1', 'order-2', 'id-2'])
  })

  it('refuse values that would end them', () => {
    for (const keys of ['a\u0001b', 'a\u0002']) {
      const error = thrownBy(() => encodeTraceRecords([PUB, { ...PUB, keys }]))
      expect(error.code).toBe('ERR_RMQ_ILLEGAL')
      expect(error.message).toContain('Pub trace contains U+0001 or U+0002')
    }
  })

  it('of the oldest clients, without an offset id, are read', () => {
    const old = { ...PUB }
    delete (old as { offsetMessageId?: string }).offsetMessageId
    const values = ['Pub', '1758273940123', 'DefaultRegion', 'pg', 'TopicTest', 'id-1', 'TagA', 'order-1 order-2']
    expect(decodeTraceRecords(text(...values, '10.0.0.1:10911', '5', '3', '3', 'true'))).toEqual([old])
  })

  it('of a kind that nobody knows are passed over', () => {
    const unknown = text('SubTwice', 'x') + text('__proto__') + text('')
    expect(decodeTraceRecords(unknown + encodeTraceRecords([PUB]) + unknown)).toEqual([PUB])
  })

  it.each([
    ['too few values', text('Recall', '1', 'r', 'g', 't', 'id'), 'expected at least 7 values of Recall, found 6'],
    ['a time that is none', text('Recall', 'now', 'r', 'g', 't', 'id', 'true'), 'expected an integer as timestamp'],
    [
      'too large a number',
      text('SubAfter', 'r', 'id', '9007199254740993', 'true', 'k'),
      'expected an integer as costMs',
    ],
    [
      'an unknown outcome',
      text('SubAfter', 'r', 'id', '1', 'true', 'k', '5'),
      'expected a number from 0 to 4 as outcome',
    ],
  ])('with %s are refused by their place', (_what, record, expected) => {
    const first = encodeTraceRecords([AFTER])
    const error = thrownBy(() => decodeTraceRecords(first + record))
    expect(error.code).toBe('ERR_RMQ_DECODE')
    expect(error.message).toBe(`trace record 2 at character ${first.length}: ${expected}`)
  })
})
