import { readHeader } from '../../protocol/requests/fields.ts'
import { type Frame, NO_FIELDS, responseFrame } from '../../protocol/frames/frame.ts'
import { REQUESTS } from '../../protocol/requests/requests.ts'
import { RESPONSE } from '../../protocol/responses.ts'
import { STORE_DEFAULTS } from '../../protocol/server-defaults.ts'
import { PULL_FLAG } from '../../protocol/sys-flags.ts'
import { failure } from '../answers.ts'
import type { BrokerContext } from '../broker-context.ts'
import type { Passes } from '../filters.ts'
import type { Queue, QueueRange, Reading, ReadStatus } from '../queue.ts'
import type { Handler } from '../server.ts'
import { admitPull, type PullHeader } from './pull-checks.ts'

/** What one answer holds at most, whatever is asked for: all messages are in memory. */
const { maxTransferCountOnMessageInMemory: MAX_MESSAGES, maxTransferBytesOnMessageInMemory: MAX_BYTES } = STORE_DEFAULTS
/** How many messages are looked at before a pull is answered, found or not. */
const MIN_EXAMINED = 800

const CODES: Readonly<Record<ReadStatus, number>> = {
  FOUND: RESPONSE.SUCCESS,
  NO_MATCHED_MESSAGE: RESPONSE.PULL_RETRY_IMMEDIATELY,
  NO_MESSAGE_IN_QUEUE: RESPONSE.PULL_NOT_FOUND,
  OFFSET_OVERFLOW_ONE: RESPONSE.PULL_NOT_FOUND,
  OFFSET_TOO_SMALL: RESPONSE.PULL_OFFSET_MOVED,
  OFFSET_OVERFLOW_BADLY: RESPONSE.PULL_OFFSET_MOVED,
  OFFSET_RESET: RESPONSE.PULL_OFFSET_MOVED,
}

export const pullMessage: Handler<BrokerContext> = (context, request, connection) => {
  const header = readHeader(REQUESTS.PULL_MESSAGE.asks, request.fields)
  const pull = lookFor(context, header)
  if ('refused' in pull) return pull.refused(request)
  if ((header.sysFlag & PULL_FLAG.COMMIT_OFFSET) !== 0 && pull.reading.status !== 'OFFSET_RESET') {
    context.offsets.set(header.consumerGroup, header.topic, header.queueId, header.commitOffset)
  }
  const mayWait = (header.sysFlag & PULL_FLAG.SUSPEND) !== 0
  if (!mayWait || CODES[pull.reading.status] !== RESPONSE.PULL_NOT_FOUND) return pullAnswer(request, pull)
  return answer =>
    void context.holds.add({
      connection,
      queue: pull.queue,
      offset: pull.reading.next,
      timeoutMs: header.suspendTimeoutMillis.toNumber(),
      passes: pull.passes,
      wake: () => {
        // Group, topic and subscription may have changed meanwhile: everything is checked anew.
        const again = lookFor(context, header)
        answer('refused' in again ? again.refused(request) : pullAnswer(request, again))
      },
    })
}

interface Pull {
  readonly queue: Queue
  readonly passes: Passes
  readonly reading: Reading
}

interface RefusedPull {
  readonly refused: (request: Frame) => Frame
}

const lookFor = (context: BrokerContext, header: PullHeader): Pull | RefusedPull => {
  const passes = admitPull(context, header)
  if (typeof passes !== 'function') {
    const { code, remark, fields = NO_FIELDS } = passes
    return { refused: request => failure(request, code, remark, fields) }
  }
  const queue = context.log.queue(header.topic, header.queueId)
  const reset = context.offsets.takeReset(header.consumerGroup, header.topic, header.queueId)
  if (reset !== undefined)
    return { queue, passes, reading: { status: 'OFFSET_RESET', next: reset.toNumber(), parts: [] } }
  const limits = {
    messages: Math.max(1, Math.min(MAX_MESSAGES, header.maxMsgNums)),
    bytes: MAX_BYTES,
    examined: Math.max(MIN_EXAMINED, header.maxMsgNums),
  }
  return { queue, passes, reading: queue.read(header.queueOffset, limits, passes) }
}

const pullAnswer = (request: Frame, { queue, reading }: Pull): Frame =>
  responseFrame(request, CODES[reading.status], {
    remark: reading.status,
    fields: pulledFields(reading, queue.range()),
    body: Buffer.concat(reading.parts),
  })

const pulledFields = (reading: Reading, { min, max }: QueueRange) => ({
  suggestWhichBrokerId: '0',
  nextBeginOffset: String(reading.next),
  minOffset: String(min),
  maxOffset: String(max),
  topicSysFlag: '0',
  groupSysFlag: '0',
})
