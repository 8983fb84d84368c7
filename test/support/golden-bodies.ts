import Long from 'long'
import { expect } from 'vitest'
import {
  decodeAssignments,
  decodeClusterInfo,
  decodeConsumedDirectly,
  decodeConsumerIds,
  decodeConsumerStatus,
  decodeConsumeStats,
  decodeGroupConfig,
  decodeHeartbeat,
  decodeLockedQueues,
  decodeLockRequest,
  decodeOffsetFile,
  decodeRequestModeBody,
  decodeRunningInfo,
  decodeTopicRoute,
  encodeAssignments,
  encodeClusterInfo,
  encodeConsumedDirectly,
  encodeConsumerIds,
  encodeConsumerStatus,
  encodeConsumeStats,
  encodeGroupConfig,
  encodeHeartbeat,
  encodeLockedQueues,
  encodeLockRequest,
  encodeOffsetFile,
  encodeRequestModeBody,
  encodeRunningInfo,
  encodeTopicRoute,
} from '../../src/protocol/bodies/bodies.ts'
import { isJsonTable, readLenientJson } from '../../src/protocol/lenient-json.ts'
import type { JsonValue } from '../../src/protocol/lenient-json.ts'
import type { Handlers, Vector } from './golden.ts'

interface BodyVector extends Vector {
  readonly json: string | null
  readonly expect: unknown
  readonly hex?: string
}

const checkBody = (vector: Vector): void => {
  const { name, json, expect: expected, hex = '' } = vector as BodyVector
  if (json === null) {
    expect(() => readLenientJson(Buffer.from(hex, 'hex').toString())).toThrow(/^JSON: expected a value at character 0/)
    return
  }
  expect(plain(readLenientJson(json))).toEqual(expected)
  checkRewriting(name, Buffer.from(json), expected)
}

/** The form in which the vectors write what JSON has no words for. */
const plain = (value: JsonValue): unknown => {
  if (typeof value !== 'object' || value === null) return value
  if (Long.isLong(value)) return { $bigint: value.toString() }
  if (Array.isArray(value)) return value.map(plain)
  if (isJsonTable(value)) return { $pairs: value.entries.map(([key, item]) => [plain(key), plain(item)]) }
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]))
}

type Rewrite = (body: Buffer) => Buffer

/** Bodies that we read into types of our own, by the path of their vectors. */
const REWRITES: Readonly<Record<string, Rewrite>> = {
  'body/route/': body => encodeTopicRoute(decodeTopicRoute(body)),
  'body/cluster-info/': body => encodeClusterInfo(decodeClusterInfo(body)),
  'body/heartbeat/': body => encodeHeartbeat(decodeHeartbeat(body)),
  'body/go/heartbeat/': body => encodeHeartbeat(decodeHeartbeat(body)),
  'body/consumer-list/': body => encodeConsumerIds(decodeConsumerIds(body)),
  'body/lock-request/': body => encodeLockRequest(decodeLockRequest(body)),
  'body/go/lock-request/': body => encodeLockRequest(decodeLockRequest(body)),
  'body/lock-response/': body => encodeLockedQueues(decodeLockedQueues(body)),
  'body/query-assignment-response/': body => encodeAssignments(decodeAssignments(body)),
  'body/set-message-request-mode/': body => encodeRequestModeBody(decodeRequestModeBody(body)),
  'body/consumer-status/': body => encodeConsumerStatus(decodeConsumerStatus(body)),
  'body/consume-stats/': body => encodeConsumeStats(decodeConsumeStats(body)),
  'body/consumer-running-info/': body => encodeRunningInfo(decodeRunningInfo(body)),
  'body/consume-directly/': body => encodeConsumedDirectly(decodeConsumedDirectly(body)),
  'body/local-offset-file/': body => encodeOffsetFile(decodeOffsetFile(body)),
  'body/group-config/': body => encodeGroupConfig(decodeGroupConfig(body)),
}

/** Read into our types and written again, a body says what it said, as far as our types go. */
const checkRewriting = (name: string, body: Buffer, expected: unknown): void => {
  const rewrite = Object.entries(REWRITES).find(([path]) => name.startsWith(path))?.[1]
  if (rewrite === undefined) return
  const rewritten = plain(readLenientJson(rewrite(body).toString()))
  expect(kept(rewritten)).toMatchObject(kept(expected) as object)
}

/** Members that our types do not keep: nobody here would do anything with them. */
const NOT_KEPT: ReadonlySet<string> = new Set([
  'filterServerTable',
  'zoneName',
  'unitMode',
  'heartbeatFingerprint',
  // of static topics
  'currIdMap',
  'dirty',
  'epoch',
])

const kept = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(kept)
  const isMapping = 'totalQueues' in value
  const isGroupConfig = 'retryQueueNums' in value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !NOT_KEPT.has(name))
      .filter(([name]) => !(isMapping && name === 'topic') && !(isGroupConfig && name === 'subscriptionDataSet'))
      .map(([name, item]) => [name, TRANSLATED[name]?.(item) ?? kept(item)]),
  )
}

/** Members whose values we write in another way that means the same. */
const TRANSLATED: Readonly<Record<string, (value: unknown) => unknown>> = {
  brokerAddrs: value =>
    Object.fromEntries(Object.entries(value as object).map(([id, address]) => [String(Number(id)), address])),
  codeSet: value => (value as unknown[]).map(Number),
}

export const handlers: Handlers = { body: checkBody }
