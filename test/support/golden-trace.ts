import { expect } from 'vitest'
import { decodeTraceRecords, encodeTraceRecords, traceKeys } from '../../src/protocol/bodies/message-trace.ts'
import type { TraceRecord } from '../../src/protocol/bodies/message-trace.ts'
import type { Handlers, Vector } from './golden.ts'

interface Written {
  readonly data: string
  readonly keys: readonly string[]
}

type Outcome<T> = { readonly value: T } | { readonly error: string }

interface JavaVector extends Vector {
  readonly expect: Outcome<Written>
  readonly decoded: Outcome<readonly Context[]>
  readonly differs?: Readonly<Record<string, Outcome<Written>>>
}

/** A record as the official reader gives it. */
interface Context {
  readonly type: string
  readonly timeStamp: string | null
  readonly group: string
  readonly success: boolean
  readonly costTime: number
  readonly requestId: string | null
  readonly contextCode: number
  readonly beans: readonly {
    readonly topic: string
    readonly msgId: string
    readonly keys: string
    readonly tags: string
    readonly msgType: number | null
  }[]
}

const MESSAGE_TYPES = ['normal', 'half', 'commit', 'delay', 'order']
const OUTCOMES = ['success', 'timeout', 'exception', 'returned-null', 'failed']

/** Java tells values that are missing by the text that stands for them, and fills up what a record does not have. */
const contextOf = (record: TraceRecord): Context => ({
  type: record.type,
  timeStamp: record.timestamp === undefined ? null : String(record.timestamp),
  group: record.group ?? '',
  success: 'success' in record ? record.success : true,
  costTime: 'costMs' in record ? record.costMs : 0,
  requestId: 'requestId' in record ? record.requestId : null,
  contextCode: record.type === 'SubAfter' ? OUTCOMES.indexOf(record.outcome ?? 'success') : 0,
  beans: [
    {
      topic: 'topic' in record ? record.topic : '',
      msgId: record.messageId,
      keys: record.keys ?? (record.type === 'Recall' ? '' : 'null'),
      tags: 'storeHost' in record ? (record.tags ?? 'null') : '',
      msgType: 'messageType' in record ? MESSAGE_TYPES.indexOf(record.messageType) : null,
    },
  ],
})

const checkJava = (vector: Vector): void => {
  const { expect: expected, decoded, differs } = vector as JavaVector
  // where one release throws, another one shows what was meant
  const written = 'value' in expected ? expected.value : firstValue(differs ?? {})
  const records = decodeTraceRecords(written.data)
  if ('value' in decoded) expect(records.map(contextOf)).toEqual(decoded.value)
  expect(encodeTraceRecords(records)).toBe(written.data)
  const traced = records.map(record => (record.type === 'Recall' ? { ...record, keys: 'order-1' } : record))
  expect([...traceKeys(traced)].sort()).toEqual([...written.keys].sort())
}

const firstValue = (outcomes: NonNullable<JavaVector['differs']>): Written => {
  const found = Object.values(outcomes).find(outcome => 'value' in outcome)
  if (found === undefined || !('value' in found)) throw new Error('no release has written this record')
  return found.value
}

const checkGo = (vector: Vector): void => {
  const { data } = vector['expect'] as { readonly data: string }
  const records = decodeTraceRecords(data)
  expect(records).toHaveLength(1)
  expect(encodeTraceRecords(records)).toBe(data)
}

export const handlers: Handlers = { trace: checkJava, 'trace/go': checkGo }
