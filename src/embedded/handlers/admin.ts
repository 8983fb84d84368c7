import { decodeGroupConfig, MAX_QUEUES } from '../../protocol/bodies/bodies.ts'
import { readHeader } from '../../protocol/requests/fields.ts'
import { PROTOCOL_VERSION } from '../../protocol/frames/frame.ts'
import { checkGroup, checkTopic } from '../../protocol/names.ts'
import { isValidPerm } from '../../protocol/permissions.ts'
import { jsonOfQueueTable } from '../../protocol/bodies/queue-json.ts'
import { REQUESTS } from '../../protocol/requests/requests.ts'
import { RESPONSE } from '../../protocol/responses.ts'
import type { MessageQueue } from '../../protocol/bodies/routes.ts'
import { versionName } from '../../protocol/versions.ts'
import { failure, faultOf, success, successWithBody } from '../answers.ts'
import type { BrokerContext } from '../broker-context.ts'
import type { Handler } from '../server.ts'

export const updateAndCreateTopic: Handler<BrokerContext> = ({ topics }, request) => {
  const header = readHeader(REQUESTS.UPDATE_AND_CREATE_TOPIC.asks, request.fields)
  const { topic, perm, readQueueNums, writeQueueNums } = header
  const illegal = (remark: string) => failure(request, RESPONSE.INVALID_PARAMETER, remark)
  const fault = faultOf(() => checkTopic(topic))
  if (fault !== undefined) return illegal(fault)
  if (topics.isReserved(topic)) return illegal(`topic "${topic}" belongs to the broker and cannot be changed`)
  if (!isValidPerm(perm)) return illegal(`permission ${perm} of topic "${topic}" is not in 0 to 7`)
  for (const queues of [readQueueNums, writeQueueNums]) {
    if (queues < 1 || queues > MAX_QUEUES) return illegal(`topic "${topic}" cannot have ${queues} queues`)
  }
  topics.set({ name: topic, readQueues: readQueueNums, writeQueues: writeQueueNums, perm })
  return success(request)
}

export const updateAndCreateGroup: Handler<BrokerContext> = ({ groups }, request) => {
  const config = decodeGroupConfig(request.body)
  const fault = faultOf(() => checkGroup(config.groupName))
  if (fault !== undefined) return failure(request, RESPONSE.INVALID_PARAMETER, fault)
  groups.set(config)
  return success(request)
}

export const topicConfig: Handler<BrokerContext> = ({ topics }, request) => {
  const { topic } = readHeader(REQUESTS.GET_TOPIC_CONFIG.asks, request.fields)
  const config = topics.get(topic)
  if (config === undefined) return failure(request, RESPONSE.TOPIC_NOT_EXIST, `topic "${topic}" does not exist`)
  return successWithBody(
    request,
    Buffer.from(
      JSON.stringify({
        attributes: {},
        order: false,
        perm: config.perm,
        readQueueNums: config.readQueues,
        topicFilterType: 'SINGLE_TAG',
        topicName: topic,
        topicSysFlag: 0,
        writeQueueNums: config.writeQueues,
      }),
    ),
  )
}

/** Not JSON proper: each key is a queue written as an object, the way official brokers and tools expect it. */
export const topicStats: Handler<BrokerContext> = ({ log, name, topics }, request) => {
  const { topic } = readHeader(REQUESTS.GET_TOPIC_STATS_INFO.asks, request.fields)
  const config = topics.get(topic)
  if (config === undefined) return failure(request, RESPONSE.TOPIC_NOT_EXIST, `topic "${topic}" does not exist`)
  const count = Math.max(config.readQueues, config.writeQueues)
  const entries = Array.from({ length: count }, (_, queueId): readonly [MessageQueue, string] => {
    const queue = log.existing(topic, queueId)
    const { min, max } = queue?.range() ?? { min: 0, max: 0 }
    const lastUpdateTimestamp = queue?.at(max - 1)?.storeTimestamp ?? 0
    const stats = JSON.stringify({ lastUpdateTimestamp, maxOffset: max, minOffset: min })
    return [{ brokerName: name, queueId, topic }, stats]
  })
  return successWithBody(request, Buffer.from(`{"offsetTable":${jsonOfQueueTable(entries)},"topicPutTps":0.0}`))
}

export const runtimeInfo: Handler<BrokerContext> = ({ holds, log, timers }, request) => {
  const table = {
    brokerVersion: String(PROTOCOL_VERSION),
    brokerVersionDesc: versionName(PROTOCOL_VERSION),
    currentTimeMillis: String(timers.now()),
    msgPutTotalTodayNow: String(log.appended()),
    pullRequestsHeld: String(holds.size()),
    storeBytes: String(log.bytes()),
  }
  return successWithBody(request, Buffer.from(JSON.stringify({ table })))
}
