import type {
  FetchOptions,
  PullConsumerOptions,
  PullOptions,
  QueueRef,
  TopicCoordinatorOptions,
} from '../../src/index.ts'
import { CONSUMER, NO_QUEUE } from './wrong-consumer-options.ts'
import { NO_NUMBER } from './wrong-values.ts'
import type { Wrong } from './wrong-values.ts'

export const QUEUE: QueueRef = { topic: 'texts', brokerName: 'a', queueId: 0 }
/** What names no queue. */
export const STRANGE_QUEUES: readonly unknown[] = [
  ...[undefined, 'texts@a:0', true, [], [QUEUE], ...NO_QUEUE],
  ...['', ' ', 5, null].flatMap(name => [
    { ...QUEUE, topic: name },
    { ...QUEUE, brokerName: name },
  ]),
  ...[...NO_NUMBER, 2 ** 31].map(queueId => ({ ...QUEUE, queueId })),
]
export const EPOCH = new Date(0)
/** What is no place in a queue. */
export const NO_OFFSET: readonly unknown[] = [
  ...[-1, 0.5, NaN, Infinity, 2 ** 53, -1n, 2n ** 63n, '', ' ', 'first', '1.5', '9223372036854775808', '-1'],
  ...[null, {}, [], true, EPOCH, { low: 5, high: 0 }, () => 5],
]
export const NO_GROUP: readonly unknown[] = ['', ' ', 'a b', 'x'.repeat(256), 5, null, {}]
export const NO_TOPIC: readonly unknown[] = ['', ' ', 'a b', 'x'.repeat(128), 5, null, {}, true, { name: 5 }]
export const NO_TIME: readonly unknown[] = [undefined, null, 5, 'now', '2024-01-01', {}, new Date(NaN), true]

const { group, subscribe, startFrom, model, allocate, flow, offsets, commit, verifyBodyCrc } = CONSUMER
export const PULL_CONSUMER: Wrong<Required<PullConsumerOptions>> = {
  ...{ group, subscribe, startFrom, model, allocate, flow, offsets, commit, verifyBodyCrc },
  assign: ['all', '', 5, null, {}, ...STRANGE_QUEUES.slice(1).map(queue => [queue]), [QUEUE, { ...QUEUE }]],
  autoCommit: ['yes', 1, null],
  pollTimeoutMs: [...NO_NUMBER, 2 ** 31],
}
export const PULL: Wrong<Required<PullOptions>> = {
  offset: [undefined, ...NO_OFFSET],
  max: [0, 1_025, ...NO_NUMBER],
  filter: [
    ...[null, 5, 'tag', [], { tag: 'a' }, { topic: 'other' }, { filterClass: 'A' }],
    ...[5, null, ' || '].map(tags => ({ tags })),
    ...['', ' ', 5, null].map(sql => ({ sql })),
    { sql: 'a > 1', tags: 'a' },
  ],
  waitMs: [...NO_NUMBER, 2 ** 31],
  codec: [null, 5, 'text', {}, { decode: 5 }],
  group: NO_GROUP,
}
export const FETCH: Wrong<Required<FetchOptions>> = {
  max: [0, 65_536, ...NO_NUMBER],
  waitMs: [0, ...NO_NUMBER, 2 ** 31],
}
export const COORDINATOR: Wrong<Required<TopicCoordinatorOptions>> = {
  topic: [
    ...['', ' ', 'a b', 'x'.repeat(128), 5, null, {}],
    ...['TBW102', 'DEFAULT_TOPIC', 'SYS_x', 'rmq_sys_x', '%RETRY%g', '%DLQ%g'],
  ],
  group: [...NO_GROUP, 'DEFAULT_PRODUCER'],
  everyMs: [0, 99, 60_001, ...NO_NUMBER],
}
