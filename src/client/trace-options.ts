import { expected } from './check-kinds.ts'
import { checkNames } from './check-names.ts'
import { checkedInt, checkedMs } from './checks.ts'
import { noted } from './problems.ts'
import { checkTopic } from '../protocol/names.ts'

/** Where records of sends, or of calls of handlers, go, and how many at once. A bad option throws ERR_RMQ_ILLEGAL and names itself. */
export interface TraceOptions {
  /** Default `RMQ_SYS_TRACE_TOPIC`. */
  readonly topic?: string
  /** Most records of one trace message. Default 20. */
  readonly batchSize?: number
  /** How long a record waits for others, ms. Default 5,000. */
  readonly flushMs?: number
  /** Most records that wait; more are dropped, and told as `trace-failed`. Default 2,048. */
  readonly maxQueued?: number
  /** Most bytes of one trace message. Default 128,000, as Java's maxMsgSize. */
  readonly maxMessageBytes?: number
}

/** The same, complete and checked. */
export type TraceSettings = Required<TraceOptions>

/** Where traces go where nothing else is said. */
export const TRACE_DEFAULTS: TraceSettings = {
  topic: 'RMQ_SYS_TRACE_TOPIC',
  batchSize: 20,
  flushMs: 5_000,
  maxQueued: 2_048,
  maxMessageBytes: 128_000,
}

/** Undefined: nothing is traced. */
export const resolveTrace = (given: boolean | TraceOptions = false): TraceSettings | undefined => {
  const d = TRACE_DEFAULTS
  const isObject = typeof given === 'object' && (given as unknown) !== null
  expected('trace', given, typeof given === 'boolean' || isObject, 'true, false or options')
  if (given === false) return undefined
  const options: TraceOptions = isObject ? given : {}
  const { topic = d.topic } = options
  checkNames('trace', options, d)
  noted(() => checkTopic(topic), 'trace.topic')
  return {
    topic,
    batchSize: checkedInt('trace.batchSize', options.batchSize, d.batchSize, [1, 2_048]),
    flushMs: checkedMs('trace.flushMs', options.flushMs, d.flushMs),
    maxQueued: checkedInt('trace.maxQueued', options.maxQueued, d.maxQueued, [1]),
    maxMessageBytes: checkedInt('trace.maxMessageBytes', options.maxMessageBytes, d.maxMessageBytes, [1_024, 16 << 20]),
  }
}
