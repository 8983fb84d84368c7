import { type HeaderOf, readHeader } from '../../protocol/requests/fields.ts'
import { type Fields, type Frame, responseFrame } from '../../protocol/frames/frame.ts'
import { encodeMessageOffsets, encodeOrderCounts, encodeStartOffsets } from '../../protocol/pop/pop-infos.ts'
import { REQUESTS } from '../../protocol/requests/requests.ts'
import { RESPONSE } from '../../protocol/responses.ts'
import { STORE_DEFAULTS } from '../../protocol/server-defaults.ts'
import { failure } from '../answers.ts'
import type { BrokerContext } from '../broker-context.ts'
import { readAllOf } from '../pop-read.ts'
import { startOf } from '../pop-start.ts'
import { type PopOrder, type Taken, take } from '../pop-take.ts'
import { unblockedAt, watchedQueues } from '../pop-waits.ts'
import type { Handler } from '../server.ts'
import { admitPop, popFilter } from './pop-checks.ts'

type PopHeader = HeaderOf<typeof REQUESTS.POP_MESSAGE.asks>

const { maxTransferCountOnMessageInMemory: MAX_MESSAGES, maxTransferBytesOnMessageInMemory: MAX_BYTES } = STORE_DEFAULTS
/** A pop that is so much older than it may wait has been given up by its client. */
const MAX_LATE_MS = 500
/** A held pop is answered so much earlier, that the answer comes in time. */
const HOLD_LESS_MS = 50
/** Of answers that bring nothing. */
const NOTHING_POPPED: Fields = { popTime: '0', invisibleTime: '0', reviveQid: '0', restNum: '0' }

/** Messages of a topic for a group, hidden from it until they are acknowledged or their time is over. */
export const popMessage: Handler<BrokerContext> = (context, request, connection) => {
  const header = readHeader(REQUESTS.POP_MESSAGE.asks, request.fields)
  const now = context.timers.now()
  const pollMs = header.pollTime.toNumber()
  const bornAt = header.bornTime.isZero() ? now : header.bornTime.toNumber()
  const refuse = (code: number, remark: string): Frame => failure(request, code, remark, NOTHING_POPPED)
  if (now - bornAt - pollMs > MAX_LATE_MS) return refuse(RESPONSE.POLLING_TIMEOUT, 'the pop came too late')
  if (header.maxMsgNums > MAX_MESSAGES) {
    return refuse(RESPONSE.INVALID_PARAMETER, `a pop brings at most ${MAX_MESSAGES} messages, not ${header.maxMsgNums}`)
  }
  const first = orderOf(context, header)
  if ('remark' in first) return refuse(first.code, first.remark)

  const taken = take(context, first)
  if (taken.parts.length > 0 || pollMs <= 0) return popAnswer(request, first, taken)
  return answer => {
    const { group, topic, ordered } = first
    const again = () => {
      const order = orderOf(context, header) // topic and group may have changed meanwhile
      return 'remark' in order ? refuse(order.code, order.remark) : popAnswer(request, order, take(context, order))
    }
    const isHeld = context.pops.holds.add({
      connection,
      topic,
      group,
      queueId: header.queueId,
      until: Math.min(bornAt, now) + pollMs - HOLD_LESS_MS,
      watched: () => watchedQueues(context, first),
      opensAt: () => (ordered ? unblockedAt(context, first) : undefined),
      look: () => {
        const found = again()
        if (found.code === RESPONSE.POLLING_TIMEOUT) return false
        answer(found)
        return true
      },
      expired: () => answer(popAnswer(request, first, { ...taken, popTime: context.timers.now() })),
    })
    if (!isHeld) answer(popAnswer(request, first, taken, RESPONSE.POLLING_FULL))
  }
}

const orderOf = (context: BrokerContext, header: PopHeader): PopOrder | { code: number; remark: string } => {
  const queueIds = admitPop(context, header)
  if ('remark' in queueIds) return queueIds
  const passes = popFilter(context, header)
  if (typeof passes !== 'function') return passes
  return {
    group: header.consumerGroup,
    topic: header.topic,
    queueIds,
    most: Math.max(1, header.maxMsgNums),
    invisibleMs: header.invisibleTime.toNumber(),
    fromEnd: header.initMode === INIT_AT_END,
    ordered: header.order === true,
    attemptId: header.attemptId === '' ? undefined : header.attemptId,
    passes,
  }
}

const INIT_AT_END = 1

const popAnswer = (
  request: Frame,
  { invisibleMs, ordered }: PopOrder,
  taken: Taken,
  empty = RESPONSE_OF_NOTHING,
): Frame => {
  const isFound = taken.parts.length > 0
  return responseFrame(request, isFound ? RESPONSE.SUCCESS : empty, {
    remark: isFound ? 'FOUND' : 'NO_MESSAGE_IN_QUEUE',
    fields: {
      popTime: String(taken.popTime),
      invisibleTime: String(invisibleMs),
      reviveQid: String(taken.reviveQueueId),
      restNum: String(isFound ? taken.rest : 0),
      startOffsetInfo: encodeStartOffsets(taken.starts),
      msgOffsetInfo: encodeMessageOffsets(taken.queues),
      ...(ordered ? { orderCountInfo: encodeOrderCounts(taken.counts) } : {}),
    },
    body: Buffer.concat(taken.parts),
  })
}

const RESPONSE_OF_NOTHING: number = RESPONSE.POLLING_TIMEOUT

/** The next messages of a group, without taking them. */
export const peekMessage: Handler<BrokerContext> = (context, request) => {
  const header = readHeader(REQUESTS.PEEK_MESSAGE.asks, request.fields)
  const queueIds = admitPop(context, header)
  if ('remark' in queueIds) return failure(request, queueIds.code, queueIds.remark, NOTHING_POPPED)
  const parts: Buffer[] = []
  let rest = 0
  for (const queueId of queueIds) {
    const queue = context.log.existing(header.topic, queueId)
    const messages = Math.min(MAX_MESSAGES, header.maxMsgNums) - parts.length
    if (queue === undefined) continue
    const from = startOf(context, { topic: header.topic, group: header.consumerGroup, queueId }, false)
    const limits = { messages, bytes: MAX_BYTES }
    const read = messages > 0 ? readAllOf(queue, from, limits, () => true) : { next: from.toNumber(), parts: [] }
    parts.push(...read.parts)
    rest += queue.range().max - read.next
  }
  const code = parts.length > 0 ? RESPONSE.SUCCESS : RESPONSE.PULL_NOT_FOUND
  return responseFrame(request, code, {
    remark: parts.length > 0 ? 'FOUND' : 'NO_MESSAGE_IN_QUEUE',
    fields: { ...NOTHING_POPPED, restNum: String(rest) },
    body: Buffer.concat(parts),
  })
}
