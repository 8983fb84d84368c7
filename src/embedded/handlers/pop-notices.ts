import { type HeaderOf, readHeader } from '../../protocol/requests/fields.ts'
import type { Frame } from '../../protocol/frames/frame.ts'
import { REQUESTS } from '../../protocol/requests/requests.ts'
import { failure, success } from '../answers.ts'
import type { BrokerContext } from '../broker-context.ts'
import { startOf } from '../pop-start.ts'
import { popRetryTopicOf } from '../pop-revive.ts'
import type { PopOrder } from '../pop-take.ts'
import { unblockedAt, watchedQueues } from '../pop-waits.ts'
import type { Passes } from '../filters.ts'
import type { Handler } from '../server.ts'
import { admitPop, popFilter } from './pop-checks.ts'

type NoticeHeader = HeaderOf<typeof REQUESTS.NOTIFICATION.asks>
type Wanted = Pick<PopOrder, 'topic' | 'group' | 'queueIds' | 'ordered' | 'attemptId' | 'passes'>

/** Told a little before the time is over. */
const HOLD_LESS_MS = 50

/** Whether there is something to pop; waits for it like a pop, and takes nothing. */
export const notification: Handler<BrokerContext> = (context, request, connection) => {
  const header = readHeader(REQUESTS.NOTIFICATION.asks, request.fields)
  const wanted = wantedOf(context, header)
  if ('remark' in wanted) return failure(request, wanted.code, wanted.remark)
  if (hasSome(context, wanted)) return told(request, true)
  const now = context.timers.now()
  const pollMs = header.pollTime.toNumber()
  if (pollMs <= 0) return told(request, false)
  const bornAt = header.bornTime.isZero() ? now : header.bornTime.toNumber()
  return answer => {
    const isHeld = context.pops.holds.add({
      connection,
      topic: wanted.topic,
      group: wanted.group,
      queueId: header.queueId,
      until: Math.min(bornAt, now) + pollMs - HOLD_LESS_MS,
      watched: () => watchedQueues(context, wanted),
      opensAt: () => (wanted.ordered ? unblockedAt(context, wanted) : undefined),
      look: () => {
        const isThere = hasSome(context, wanted)
        if (isThere) answer(told(request, true))
        return isThere
      },
      expired: () => answer(told(request, false)),
      isNotice: true,
    })
    if (!isHeld) answer(told(request, false, true))
  }
}

const wantedOf = (context: BrokerContext, header: NoticeHeader): Wanted | { code: number; remark: string } => {
  const queueIds = admitPop(context, header)
  if ('remark' in queueIds) return queueIds
  const passes = popFilter(context, header)
  if (typeof passes !== 'function') return passes
  const { topic, consumerGroup: group, order: ordered = false, attemptId } = header
  return { topic, group, queueIds, ordered, attemptId, passes }
}

const hasSome = (context: BrokerContext, { topic, group, queueIds, ordered, attemptId, passes }: Wanted): boolean => {
  const isIn = (at: string, queueId: number, may: Passes): boolean =>
    context.log
      .existing(at, queueId)
      ?.hasMatch(startOf(context, { topic: at, group, queueId }, false).toNumber(), may) === true
  if (!ordered && isIn(popRetryTopicOf(topic, group), 0, () => true)) return true
  return queueIds.some(
    queueId =>
      isIn(topic, queueId, passes) &&
      !(ordered && context.pops.orders.blockedUntil({ topic, group, queueId }, attemptId) !== undefined),
  )
}

const told = (request: Frame, hasMsg: boolean, pollingFull = false): Frame =>
  success(request, { hasMsg: String(hasMsg), pollingFull: String(pollingFull) })

/** How many pops are held under exactly this queue id. */
export const pollingInfo: Handler<BrokerContext> = (context, request) => {
  const header = readHeader(REQUESTS.POLLING_INFO.asks, request.fields)
  const queueIds = admitPop(context, header)
  if ('remark' in queueIds) return failure(request, queueIds.code, queueIds.remark)
  const { topic, consumerGroup, queueId } = header
  return success(request, { pollingNum: String(context.pops.holds.waiting(topic, consumerGroup, queueId)) })
}
