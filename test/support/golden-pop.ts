import Long from 'long'
import { expect } from 'vitest'
import { decodeBatchAckBody, encodeBatchAckBody } from '../../src/protocol/pop/batch-ack-body.ts'
import type { BatchAck } from '../../src/protocol/pop/batch-ack-body.ts'
import { decodePopCheckPoint } from '../../src/protocol/pop/pop-check-point.ts'
import * as infos from '../../src/protocol/pop/pop-infos.ts'
import * as retryTopics from '../../src/protocol/pop/pop-retry-topic.ts'
import type { Handlers, Vector } from './golden.ts'
import { resultOf, sameOutcome } from './golden-outcome.ts'
import type { Result } from './golden-outcome.ts'

interface BuiltInfoVector extends Vector {
  readonly input: {
    readonly startOffsetInfo: readonly (readonly [string, number, string])[]
    readonly msgOffsetInfo: readonly (readonly [string, number, readonly string[]])[]
    readonly orderCountInfo: readonly (readonly [string, number, string | null, number])[]
  }
  readonly expect: { readonly startOffsetInfo: string; readonly msgOffsetInfo: string; readonly orderCountInfo: string }
}

const checkBuiltInfos = (vector: Vector): void => {
  const { input, expect: expected } = vector as BuiltInfoVector
  const queue = (topic: string, queueId: number) => ({ mark: retryTopics.topicMarkOf(topic), queueId })
  const starts = input.startOffsetInfo.map(([topic, queueId, offset]) => ({
    ...queue(topic, queueId),
    startOffset: Long.fromString(offset),
  }))
  const messages = input.msgOffsetInfo.map(([topic, queueId, offsets]) => ({
    ...queue(topic, queueId),
    queueOffsets: offsets.map(offset => Long.fromString(offset)),
  }))
  const counts = input.orderCountInfo.map(([topic, queueId, offset, count]) => ({
    ...queue(topic, queueId),
    queueOffset: offset === null ? undefined : Long.fromString(offset),
    count,
  }))
  expect({
    startOffsetInfo: infos.encodeStartOffsets(starts),
    msgOffsetInfo: infos.encodeMessageOffsets(messages),
    orderCountInfo: infos.encodeOrderCounts(counts),
  }).toEqual(expected)
}

type InfoTable = Readonly<Record<string, unknown>> | null

interface ParsedInfoVector extends Vector {
  readonly input: string
  readonly expect: Readonly<Record<'startOffsetInfo' | 'msgOffsetInfo' | 'orderCountInfo', Result<InfoTable>>>
}

const checkParsedInfos = (vector: Vector): void => {
  const { input, expect: expected } = vector as ParsedInfoVector
  const check = (read: () => ReadonlyMap<string, unknown>, official: Result<InfoTable>): void => {
    const ours = resultOf(() => JSON.parse(JSON.stringify(Object.fromEntries([...read()].map(texts)))) as InfoTable)
    // nothing is null there and an empty table here
    sameOutcome(ours, 'value' in official && official.value === null ? { value: {} } : official)
  }
  check(() => infos.decodeStartOffsets(input), expected.startOffsetInfo)
  check(() => infos.decodeMessageOffsets(input), expected.msgOffsetInfo)
  check(() => infos.decodeOrderCounts(input), expected.orderCountInfo)
}

const texts = ([key, value]: readonly [string, unknown]): [string, unknown] => {
  if (Array.isArray(value)) return [key, value.map(String)]
  return [key, Long.isLong(value) ? value.toString() : value]
}

interface KeyVector extends Vector {
  readonly input: { readonly topic: string; readonly queueId: number; readonly offset: string }
  readonly expect: { readonly byQueue: string; readonly byOffset: string; readonly withPopCk: string }
}

const checkInfoKey = (vector: Vector): void => {
  const { input, expect: expected } = vector as KeyVector
  const mark = retryTopics.topicMarkOf(input.topic)
  // the message with a handle came from a retry topic, whatever its topic says; the vectors do not show the handle
  const popped = decodePopCheckPoint(`7 1700000000000 60000 3 1 broker-a ${input.queueId} ${input.offset}`)
  expect({
    byQueue: infos.queueInfoKey(mark, input.queueId),
    byOffset: infos.offsetInfoKey(mark, input.queueId, Long.fromString(input.offset)),
    withPopCk: infos.queueInfoKey(popped.mark, input.queueId),
  }).toEqual(expected)
}

interface RetryTopicVector extends Vector {
  readonly input: { readonly topic: string; readonly group: string }
  readonly expect: Readonly<Record<string, unknown>>
}

const checkRetryTopic = (vector: Vector): void => {
  const { input, expect: expected } = vector as RetryTopicVector
  const v1 = retryTopics.popRetryTopicV1(input.topic, input.group)
  const v2 = retryTopics.popRetryTopicV2(input.topic, input.group)
  expect({
    v1,
    v2,
    isV2OfV1: retryTopics.isPopRetryTopicV2(v1),
    isV2OfV2: retryTopics.isPopRetryTopicV2(v2),
    normalOfV1: retryTopics.topicOfPopRetry(v1, input.group),
    normalOfV2: retryTopics.topicOfPopRetry(v2, input.group),
    normalOfV2WithoutGroup: retryTopics.partsOfPopRetryV2(v2)?.topic,
    groupOfV1: retryTopics.groupOfRetryTopic(v1),
    groupOfV2: retryTopics.groupOfRetryTopic(v2),
    pollingKey: retryTopics.pollingKey(input.topic, input.group, 3),
  }).toEqual(expected)
}

interface BatchAckVector extends Vector {
  readonly input: { readonly bits: string }
  readonly expect: { readonly json: string }
}

const checkBatchAck = (vector: Vector): void => {
  const { input, expect: expected } = vector as BatchAckVector
  const body = `{"acks":[${expected.json}],"brokerName":"b"}`
  const ack: BatchAck = {
    consumerGroup: 'G',
    topic: 'T',
    mark: '0',
    startOffset: Long.fromNumber(100),
    queueId: 2,
    reviveQueueId: 3,
    popTime: Long.fromNumber(1_700_000_000_000),
    invisibleTime: Long.fromNumber(60_000),
    bits: JSON.parse(input.bits) as number[],
  }
  expect(decodeBatchAckBody(Buffer.from(body))).toEqual({ brokerName: 'b', acks: [ack] })
  const written = encodeBatchAckBody({ brokerName: 'b', acks: [ack] }).toString()
  expect(JSON.parse(written)).toEqual(JSON.parse(body))
}

export const handlers: Handlers = {
  'pop/info/build': checkBuiltInfos,
  'pop/info/parse': checkParsedInfos,
  'pop/info/key': checkInfoKey,
  'pop/retry-topic': checkRetryTopic,
  'pop/batch-ack': checkBatchAck,
}
