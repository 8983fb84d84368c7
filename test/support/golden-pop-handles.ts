import Long from 'long'
import { expect } from 'vitest'
import {
  decodePopCheckPoint,
  encodePopCheckPoint,
  ORDERED_REVIVE_QUEUE,
} from '../../src/protocol/pop/pop-check-point.ts'
import { storedTopicOf, topicMarkOf } from '../../src/protocol/pop/pop-retry-topic.ts'
import {
  decodeReceiptHandle,
  encodeReceiptHandle,
  isRetried,
  nextVisibleTime,
} from '../../src/protocol/pop/receipt-handle.ts'
import { decodeRecallHandle, encodeRecallHandle } from '../../src/protocol/recall-handle.ts'
import type { RecallHandle } from '../../src/protocol/recall-handle.ts'
import type { Handlers, Vector } from './golden.ts'
import { resultOf, sameOutcome } from './golden-outcome.ts'
import type { Result } from './golden-outcome.ts'

/** Topic and group that the vectors ask about: only their results are in the file. */
const TOPIC = 'TopicTest'
const GROUP = 'cg'

interface HandleVector extends Vector {
  readonly input: {
    readonly ckQueueOffset: string
    readonly popTime: string
    readonly invisibleTime: string
    readonly reviveQid: number
    readonly topic: string
    readonly brokerName: string
    readonly queueId: number
    readonly queueOffset: string
  }
  readonly expect: { readonly extraInfo: string; readonly withoutQueueOffset: string; readonly isOrder: boolean }
}

const checkHandle = (vector: Vector): void => {
  const { input, expect: expected } = vector as HandleVector
  const handle = {
    startOffset: Long.fromString(input.ckQueueOffset),
    popTime: Long.fromString(input.popTime),
    invisibleTime: Long.fromString(input.invisibleTime),
    reviveQueueId: input.reviveQid,
    mark: topicMarkOf(input.topic),
    brokerName: input.brokerName,
    queueId: input.queueId,
    queueOffset: Long.fromString(input.queueOffset),
  }
  const beginning = { ...handle, queueOffset: undefined }
  expect(encodePopCheckPoint(handle)).toBe(expected.extraInfo)
  expect(encodePopCheckPoint(beginning)).toBe(expected.withoutQueueOffset)
  expect(decodePopCheckPoint(expected.extraInfo)).toEqual(handle)
  expect(decodePopCheckPoint(expected.withoutQueueOffset)).toEqual(beginning)
  expect(handle.reviveQueueId === ORDERED_REVIVE_QUEUE).toBe(expected.isOrder)
}

interface ParsedHandleVector extends Vector {
  readonly input: string
  readonly expect: Readonly<Record<string, Result<string | number>>>
}

/** The official reader looks at each part by itself; ours takes a handle whole, or up to its queue offset, or not at all. */
const checkParsedHandle = (vector: Vector): void => {
  const { input, expect: expected } = vector as ParsedHandleVector
  const ours = resultOf(() => decodePopCheckPoint(input))
  const { queueOffset, ...others } = expected
  if (Object.values(others).some(part => 'error' in part)) {
    expect(ours).toEqual({ error: 'ERR_RMQ_DECODE' })
    return
  }
  if (!('value' in ours)) throw new Error(`${input} cannot be read`)
  const handle = ours.value
  expect({
    ckQueueOffset: { value: handle.startOffset.toString() },
    popTime: { value: handle.popTime.toString() },
    invisibleTime: { value: handle.invisibleTime.toString() },
    reviveQid: { value: handle.reviveQueueId },
    retry: { value: handle.mark },
    brokerName: { value: handle.brokerName },
    queueId: { value: handle.queueId },
    realTopic: { value: storedTopicOf(handle.mark, TOPIC, GROUP) },
  }).toEqual(others)
  const offset = queueOffset !== undefined && 'value' in queueOffset ? queueOffset.value : undefined
  expect(handle.queueOffset?.toString()).toBe(offset)
  expect(encodePopCheckPoint(handle)).toBe(input)
}

interface ReceiptVector extends Vector {
  readonly input: string
  readonly expect: Result<Readonly<Record<string, unknown>>>
}

const checkParsedReceipt = (vector: Vector): void => {
  const { input, expect: expected } = vector as ReceiptVector
  const ours = resultOf(() => {
    const handle = decodeReceiptHandle(input)
    return {
      startOffset: handle.startOffset.toString(),
      retrieveTime: handle.popTime.toString(),
      invisibleTime: handle.invisibleTime.toString(),
      nextVisibleTime: nextVisibleTime(handle).toString(),
      reviveQueueId: handle.reviveQueueId,
      topicType: handle.mark,
      brokerName: handle.brokerName,
      queueId: handle.queueId,
      offset: handle.queueOffset.toString(),
      commitLogOffset: handle.commitLogOffset.toString(),
      isRetryTopic: isRetried(handle),
      realTopic: storedTopicOf(handle.mark, TOPIC, GROUP),
    }
  })
  sameOutcome<Readonly<Record<string, unknown>>>(ours, expected)
}

interface BuiltReceiptVector extends Vector {
  readonly input: Readonly<
    Record<'startOffset' | 'retrieveTime' | 'invisibleTime' | 'offset' | 'commitLogOffset', string>
  > & {
    readonly reviveQueueId: number
    readonly topicType: string
    readonly brokerName: string
    readonly queueId: number
  }
  readonly expect: string
}

const checkBuiltReceipt = (vector: Vector): void => {
  const { input, expect: expected } = vector as BuiltReceiptVector
  const handle = {
    startOffset: Long.fromString(input.startOffset),
    popTime: Long.fromString(input.retrieveTime),
    invisibleTime: Long.fromString(input.invisibleTime),
    reviveQueueId: input.reviveQueueId,
    mark: input.topicType,
    brokerName: input.brokerName,
    queueId: input.queueId,
    queueOffset: Long.fromString(input.offset),
    commitLogOffset: Long.fromString(input.commitLogOffset),
  }
  expect(encodeReceiptHandle(handle)).toBe(expected)
  expect(decodeReceiptHandle(expected)).toEqual(handle)
}

interface RecallVector extends Vector {
  readonly input: RecallHandle
  readonly expect: string
}

const checkRecallHandle = (vector: Vector): void => {
  const { input, expect: expected } = vector as RecallVector
  expect(encodeRecallHandle(input)).toBe(expected)
  expect(decodeRecallHandle(expected)).toEqual(input)
}

interface ParsedRecallVector extends Vector {
  readonly input: string
  readonly expect: Result<RecallHandle & { readonly version: string }>
}

const checkParsedRecall = (vector: Vector): void => {
  const { input, expect: expected } = vector as ParsedRecallVector
  // there is one version, and others are refused
  sameOutcome(
    resultOf(() => ({ version: 'v1', ...decodeRecallHandle(input) })),
    expected,
  )
}

export const handlers: Handlers = {
  'pop/extra-info': checkHandle,
  'pop/extra-info/parse': checkParsedHandle,
  'pop/receipt-handle/parse': checkParsedReceipt,
  'pop/receipt-handle/build': checkBuiltReceipt,
  'recall-handle': checkRecallHandle,
  'recall-handle/parse': checkParsedRecall,
}
