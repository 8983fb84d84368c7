import { defer, map, of } from 'rxjs'
import { optionsOf } from '../client/check-kinds.ts'
import { checkNames } from '../client/check-names.ts'
import { checkedInt, checkedMs } from '../client/checks.ts'
import type { Runtime } from '../client/runtime.ts'
import { closed } from '../errors.ts'
import type { Outbound } from '../messages/message.ts'
import { batchBy } from '../operators/batch-by.ts'
import type { GatherLimits } from '../operators/batch-lanes.ts'
import { neverSync } from '../operators/never-sync.ts'
import { javaHash, queueIndexByHash } from '../protocol/hashes.ts'
import { mayShare, waitsForStore } from './batch-outgoing.ts'
import type { Packing } from './batch-doors.ts'
import { isLarge, toOutgoing } from './outgoing.ts'
import type { Outgoing } from './outgoing.ts'
import { storedBytesOf } from './split-batch.ts'
import type { Around } from './send-interceptors.ts'
import { asRocketError, outcome$ } from './send-outcome.ts'
import type { NotSent, SendOne, SendOutcome } from './send-outcome.ts'
import type { SendResult } from './send-result.ts'
import type { TopicBoards } from './topic-boards.ts'
import { hasFailed } from './together.ts'
import type { SendTogether } from './together.ts'

/** How messages gather into requests. */
export interface GatherOptions {
  /** Most bytes of a request as the broker stores it. Default 262,144. */
  readonly maxBytes?: number
  /** Most messages of a request. Default 64. */
  readonly maxCount?: number
  /** How long a message without a key waits for company while a request is on the way, ms. Default 5; 0: not at all. */
  readonly lingerMs?: number
}

/** Complete and checked; a bad option is ERR_RMQ_ILLEGAL and names itself. */
export const resolveGather = (given: GatherOptions): GatherLimits => {
  const { maxBytes, maxCount, lingerMs } = optionsOf('batch', given)
  checkNames('batch', given, { maxBytes: true, maxCount: true, lingerMs: true })
  return {
    maxBytes: checkedInt('batch.maxBytes', maxBytes, 262_144, [1, 16 << 20]),
    maxCount: checkedInt('batch.maxCount', maxCount, 64, [1, 65_536]),
    lingerMs: checkedMs('batch.lingerMs', lingerMs, 5, 0),
  }
}

/** Sends that share requests. */
export interface Gather<In> {
  readonly send$: SendOne<In>
  /** Nothing more comes. */
  readonly hurry: () => void
  /** Nothing more is to be sent: what has not begun fails. */
  readonly stop: () => void
}

export interface GatherContext {
  readonly runtime: Pick<Runtime, 'scheduler' | 'asap' | 'newMessageId'>
  readonly boards: Pick<TopicBoards, 'board'>
  readonly packing: Packing
  readonly timeoutMs: number
  readonly together$: SendTogether<SendResult>
  readonly check: (result: SendResult) => void
  readonly around: Around | undefined
}

interface Made<In> {
  readonly input: In
  readonly outgoing: Outgoing
  readonly note: ((outcome: SendOutcome<In>) => void) | undefined
}

/** Where messages have keys but no queue of their own, they are spread over so many lanes. */
const KEY_LANES = 16
const WITHOUT_KEY = Symbol('an input whose key is undefined: a key as any other')

export const createGather = <In>(
  { runtime, boards, packing, timeoutMs, together$, check, around }: GatherContext,
  project: (input: In) => Outbound,
  limits: GatherLimits & { readonly concurrency: number },
  keyBy: ((input: In) => unknown) | undefined,
): Gather<In> => {
  const { scheduler, asap, newMessageId } = runtime
  const hop$ = neverSync<SendResult>(asap)
  let isNoting = false
  let stopWanted = false

  const keyOf = ({ input, outgoing }: Made<In>): unknown => {
    if (keyBy !== undefined) return keyBy(input) ?? WITHOUT_KEY
    return outgoing.shardKey === '' ? undefined : outgoing.shardKey
  }
  const laneOf = (made: Made<In>): unknown => {
    const { topic, shardKey } = made.outgoing
    const large = isLarge(made.outgoing, packing.alone)
    if (!mayShare(made.outgoing) || (large && packing.batch.compressor === undefined)) return undefined // alone
    const kind = `${topic}${waitsForStore(made.outgoing) ? '' : ' unawaited'}${large ? ' packed' : ''}`
    if (shardKey !== undefined && shardKey !== '') {
      const queues = boards.board(topic)?.queues.length
      return `${kind} queue ${queues === undefined ? '?' : queueIndexByHash(shardKey, queues)}`
    }
    return keyBy === undefined ? kind : `${kind} key ${javaHash(String(keyOf(made))) % KEY_LANES}`
  }

  const batching = batchBy<Made<In>, SendOutcome<In>>(
    all =>
      together$(
        all.map(({ outgoing }) => outgoing),
        timeoutMs,
        check,
      ).pipe(
        map(ends => {
          const outcomes = all.map(({ input }, i) => toOutcome(input, ends[i]))
          noteAll(all, outcomes)
          return outcomes
        }),
      ),
    { ...limits, bytesOf: ({ outgoing }) => storedBytesOf(outgoing), laneOf, keyOf, scheduler, asap },
  )

  /** All of one request before anything that one of them causes. */
  const noteAll = (all: readonly Made<In>[], outcomes: readonly SendOutcome<In>[]): void => {
    isNoting = true
    outcomes.forEach((outcome, i) => all[i]?.note?.(outcome))
    isNoting = false
    if (stopWanted) batching.stop(notBegun)
  }

  const plain$: SendOne<In> = (input, note, made) => {
    let outgoing: Outgoing
    try {
      const message = project(input)
      made?.(message)
      outgoing = toOutgoing(message, newMessageId(), scheduler.now(), packing.member)
    } catch (cause) {
      const failure: NotSent<In> = { ok: false, input, error: asRocketError(cause) }
      note?.(failure)
      return of(failure)
    }
    return batching.join$({ input, outgoing, note })
  }

  /** The same with interceptors around each message: what they hand on gathers. */
  const intercepted$ =
    (through: Around): SendOne<In> =>
    (input, note, made) =>
      outcome$(
        input,
        () => {
          const message = project(input)
          made?.(message)
          return through({ kind: 'batch', message, messageId: newMessageId(), options: {} }, one =>
            defer(() => {
              const outgoing = toOutgoing(one.message, one.messageId, scheduler.now(), packing.member)
              return batching.join$({ input, outgoing, note: undefined })
            }).pipe(map(resultOf)),
          ).pipe(hop$)
        },
        note,
      )

  return {
    send$: around === undefined ? plain$ : intercepted$(around),
    hurry: batching.hurry,
    stop: () => {
      stopWanted = true
      if (!isNoting) batching.stop(notBegun)
    },
  }
}

const toOutcome = <In>(input: In, end: SendResult | Error | undefined): SendOutcome<In> =>
  end === undefined || hasFailed(end)
    ? { ok: false, input, error: asRocketError(end) }
    : { ok: true, input, result: end as SendResult }

const resultOf = <In>(outcome: SendOutcome<In>): SendResult => {
  if (!outcome.ok) throw outcome.error
  return outcome.result
}

const notBegun = <In>({ input }: Made<In>): NotSent<In> => ({ ok: false, input, error: closed('this stream of sends') })
