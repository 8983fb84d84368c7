/** A member of a group for tests of what tools ask it, and a broker that asks. */
import { asyncScheduler, of, Subject } from 'rxjs'
import Long from 'long'
import { createInbound } from '../../src/client/inbound.ts'
import { answerAdmin } from '../../src/consumer/group/admin-requests.ts'
import type { MemberView, QueueView } from '../../src/consumer/group/member-view.ts'
import type { Fields, Frame } from '../../src/protocol/frames/frame.ts'
import { onewayFrame, requestFrame } from '../../src/protocol/frames/frame.ts'
import { tagSubscription } from '../../src/protocol/subscription.ts'
import type { Inbound } from '../../src/remoting/sessions.ts'
import { aQueue } from './builders.ts'

const VERSION = Long.fromNumber(7)

export const aQueueView = (more: Partial<QueueView> = {}): QueueView => ({
  queue: aQueue('a', 0, 'orders'),
  commitPoint: Long.fromNumber(40),
  nextOffset: Long.fromNumber(74),
  oldest: Long.fromNumber(40),
  newest: Long.fromNumber(73),
  unsettled: 32,
  unsettledBytes: 3 << 20,
  locked: false,
  dropped: false,
  lastPullAt: 2_000,
  lastConsumeAt: 3_000,
  ...more,
})

export const aMember = (more: Partial<MemberView> = {}): MemberView => ({
  group: 'g',
  consumeType: 'CONSUME_PASSIVELY',
  orderly: false,
  concurrency: 20,
  startedAt: 1_000,
  nameServers: () => ['n1:9876', 'n2:9876'],
  settings: () => ({ 'flow.span': '2000' }),
  subscriptions: () => [tagSubscription('orders', 'TagA', VERSION), tagSubscription('%RETRY%g', '*', VERSION)],
  queues: () => [aQueueView()],
  status: () => ({
    pullRT: 1.5,
    pullTPS: 2,
    consumeRT: 3,
    consumeOKTPS: 4,
    consumeFailedTPS: 0,
    consumeFailedMsgs: 5,
  }),
  reset: () => undefined,
  consumeDirectly$: () => of({ result: 'CR_SUCCESS' }),
  ...more,
})

/** Brokers that ask a client with these members. */
export const askedMembers = (members: readonly MemberView[], namespace?: string) => {
  const questions = new Subject<Inbound>()
  const inbound = createInbound(questions, () => undefined)
  const answers: Frame[] = []
  inbound.answering$.subscribe()
  const context = { inbound, namespace, scheduler: asyncScheduler }
  const leaving = members.map(member => answerAdmin(context, member))
  const put = (frame: Frame): Frame | undefined => {
    const before = answers.length
    const reply$ = (answer: Frame) => {
      answers.push(answer)
      return of(undefined)
    }
    questions.next({ endpoint: 'a:1', frame, reply$ })
    return answers[before]
  }
  return {
    /** What is answered at once. */
    ask: (code: number, fields: Fields, body: Buffer = Buffer.alloc(0)) =>
      put(requestFrame(code, { fields, body, opaque: 1 })),
    tell: (code: number, fields: Fields, body: Buffer = Buffer.alloc(0)) => put(onewayFrame(code, { fields, body })),
    /** Everything that was answered, in the order of the answers. */
    answers: answers as readonly Frame[],
    leave: () => leaving.forEach(leave => leave()),
  }
}
