import { codecs, topic } from '../../src/index.ts'
import type { ConsumerOptions, FlowLimits, ProcessBatchOptions, ProcessOptions } from '../../src/index.ts'
import { NO_NUMBER, NO_OBJECT } from './wrong-values.ts'
import type { Wrong } from './wrong-values.ts'

export const texts = topic('texts', codecs.text)
export const NO_QUEUE = [null, 5, {}, { topic: 't', brokerName: 'a', queueId: -1 }, { topic: 't', brokerName: 'a' }]
export const NO_STREAM = [null, 5, 'text', {}, true]

export const CONSUMER: Wrong<Required<ConsumerOptions>> = {
  group: ['', ' ', 'a b', 'x'.repeat(256), 5, null, undefined, {}],
  subscribe: [
    ...[undefined, null, 5, 'texts', {}, [], [null], ['texts'], [texts], [{ topic: 'texts', tags: '*' }]],
    ...[{ name: 5, codec: codecs.text }, { name: 't' }].map(topic => [{ topic, tags: '*' }]),
  ],
  startFrom: ['middle', '', new Date(NaN), 5, null, {}],
  model: ['mirroring', '', 5, null, {}],
  ordering: ['key', '', 5, null, true],
  delivery: ['exactly-once', '', 5, null],
  assign: ['all', '', 5, null, {}, [], ...NO_QUEUE.map(queue => [queue])],
  acknowledge: ['each', '', 5, null],
  invisibleMs: [4_999, 300_001, ...NO_NUMBER],
  offsets: ['file', 5, null, {}],
  allocate: [
    'evenly',
    '',
    5,
    null,
    {},
    { config: 5 },
    { virtualNodes: 0 },
    { machineRooms: 'a' },
    { nearby: { ofQueue: () => 'a' } },
  ],
  flow: [...NO_OBJECT, { unsetled: 3 }, { unsettled: 0 }],
  settleTimeoutMs: [0, ...NO_NUMBER],
  autoCommit: ['yes', 1, null],
  commit: [...NO_OBJECT, { everyMs: 0 }, { every: 5 }, ...NO_NUMBER.map(everyMs => ({ everyMs }))],
  retry: [...NO_OBJECT, { max: 5 }, ...NO_NUMBER.map(maxAttempts => ({ maxAttempts }))],
  onDecodeError: ['explode', '', 5, null],
  verifyBodyCrc: ['yes', 1, null],
  trace: ['yes', 1, null, { topic: '' }, { batchSize: 0 }, { flushMs: 0 }, { maxQueued: 0 }, { nonsense: 1 }],
}
export const FLOW: Wrong<FlowLimits> = {
  unsettledPerQueue: [0, 65_536, ...NO_NUMBER],
  unsettledBytesPerQueue: [0, ...NO_NUMBER],
  unsettledPerTopic: NO_NUMBER,
  unsettledBytesPerTopic: NO_NUMBER,
  unsettled: [0, ...NO_NUMBER],
  unsettledBytes: [0, ...NO_NUMBER],
  span: [0, 65_536, ...NO_NUMBER],
  pullBatch: [0, 1_025, ...NO_NUMBER],
  pullIntervalMs: NO_NUMBER,
}
const NO_CONCURRENCY = [0, 65_537, -1, 0.5, NaN, Infinity, '5', null, {}, true]
export const PROCESS: Wrong<Required<ProcessOptions>> = {
  concurrency: NO_CONCURRENCY,
  timeoutMs: [0, 900_001, ...NO_NUMBER],
  onError: ['ignore', 'suspend-queue', '', 5, null, {}],
  suspendMs: [9, 30_001, ...NO_NUMBER],
  until: NO_STREAM,
  keyBy: ['topic', '', 5, null, {}],
}
export const BATCH: Wrong<Required<ProcessBatchOptions>> = {
  ...PROCESS,
  keyBy: [...PROCESS.keyBy, () => 'key'],
  maxCount: [0, 4_097, ...NO_NUMBER],
  maxBytes: [0, ...NO_NUMBER],
  lingerMs: NO_NUMBER,
}
