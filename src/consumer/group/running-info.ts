import Long from 'long'
import type { RunningInfo, RunningQueue } from '../../protocol/bodies/bodies.ts'
import { PROTOCOL_VERSION } from '../../protocol/frames/frame.ts'
import { withNamespace } from '../../protocol/names.ts'
import { versionName } from '../../protocol/versions.ts'
import type { MemberView, QueueView } from './member-view.ts'

const MIB = 1 << 20
/** What stands for a large or deep setting. */
const MAX_SETTING_LENGTH = 200
const MAX_SETTING_DEPTH = 4

/** What a member tells of itself, its topics as servers know them. Tools fail without the type and the start. */
export const runningInfo = (view: MemberView, namespace: string | undefined): RunningInfo => {
  const inside = (topic: string): string => withNamespace(topic, namespace)
  const subscriptions = view
    .subscriptions()
    .map(one => ({ ...one, topic: inside(one.topic) }))
    .toSorted((a, b) => compareText(`${a.topic}@${a.subString}`, `${b.topic}@${b.subString}`))
  const topics = view.subscriptions().map(({ topic }) => {
    const { consumeFailedMsgs, ...rates } = view.status(topic)
    return [inside(topic), { ...rates, consumeFailedMsgs: Long.fromNumber(consumeFailedMsgs) }] as const
  })
  return {
    properties: {
      ...view.settings(),
      PROP_CLIENT_VERSION: versionName(PROTOCOL_VERSION),
      PROP_CONSUMEORDERLY: String(view.orderly),
      PROP_CONSUMER_START_TIMESTAMP: String(Math.trunc(view.startedAt)),
      PROP_CONSUME_TYPE: view.consumeType,
      PROP_NAMESERVER_ADDR: view
        .nameServers()
        .map(address => `${address};`)
        .join(''),
      PROP_THREADPOOL_CORE_SIZE: String(view.concurrency),
    },
    subscriptions,
    queues: view.queues().map(queue => runningQueue(queue, inside)),
    topics: new Map(topics),
  }
}

const runningQueue = (held: QueueView, inside: (topic: string) => string): RunningQueue => ({
  queue: { ...held.queue, topic: inside(held.queue.topic) },
  commitOffset: held.commitPoint,
  cachedMsgMinOffset: held.oldest ?? Long.ZERO,
  cachedMsgMaxOffset: held.newest ?? Long.ZERO,
  cachedMsgCount: held.unsettled,
  cachedMsgSizeInMiB: Math.floor(held.unsettledBytes / MIB),
  locked: held.locked,
  tryUnlockTimes: 0,
  dropped: held.dropped,
  lastLockTimestamp: Math.trunc(held.lastLockAt ?? 0),
  lastPullTimestamp: Math.trunc(held.lastPullAt),
  lastConsumeTimestamp: Math.trunc(held.lastConsumeAt),
})

// by UTF-16 unit, as the official writer sorts
const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Options as texts by dotted name: `flow.span` to `2000`. What is no value (functions, codecs) is left out. */
export const settingsAsText = (settings: object): Readonly<Record<string, string>> =>
  Object.fromEntries(textsOf(settings, '', MAX_SETTING_DEPTH))

const textsOf = (value: unknown, name: string, depth: number): readonly (readonly [string, string])[] => {
  if (value instanceof Date) return [[name, String(value.getTime())]]
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return [[name, String(value).slice(0, MAX_SETTING_LENGTH)]]
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value) || depth === 0) return []
  return Object.entries(value).flatMap(([key, member]) =>
    textsOf(member, name === '' ? key : `${name}.${key}`, depth - 1),
  )
}
