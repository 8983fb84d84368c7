import { catchError, concatMap, defer, EMPTY, forkJoin, from, map, of, reduce } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import { closed, isRocketError, operationTimeout, RocketError } from '../errors.ts'
import type { QueueRef } from '../messages/offsets.ts'
import type { Report } from '../observability/events.ts'
import type { Board } from './board.ts'
import { toBatch } from './batch-outgoing.ts'
import { placeOfKey } from './choose-queue.ts'
import type { ProducerSettings } from './options.ts'
import { compressed } from './outgoing.ts'
import type { Outgoing, OutgoingOptions } from './outgoing.ts'
import type { Select } from './selection.ts'
import { abandonedSend, asRocketError } from './send-outcome.ts'
import type { SendSlots } from './send-slots.ts'
import { splitBatch } from './split-batch.ts'
import type { BatchLimits, Positions } from './split-batch.ts'
import type { TopicBoards } from './topic-boards.ts'

/** What became of one message: its result, or why there is none. */
export type End<R> = R | RocketError

/** What it takes to send several messages in few requests. */
export interface TogetherOptions<R> {
  /** Throws when nothing can be sent any more; makes the group known. */
  readonly begin: () => void
  readonly slots: SendSlots
  readonly boards: TopicBoards
  readonly settings: ProducerSettings
  /** How a message that ends up alone, and a batch, are compressed. */
  readonly packing: { readonly alone: OutgoingOptions; readonly batch: OutgoingOptions }
  readonly scheduler: SchedulerLike
  readonly report: Report
  /** Sends one message, or one batch. */
  readonly ask$: (
    outgoing: Outgoing,
    dueAt: number,
    written: () => void,
    givenUp: () => boolean,
    select?: Select | QueueRef,
  ) => Observable<R>
  /** Counts what became of a message. */
  readonly counted: (end: End<R>, bytes: number) => void
  /** Counts a request that carries a batch. */
  readonly batched: () => void
  /** The results of the members of a batch. */
  readonly resultsOf: (whole: R, members: readonly Outgoing[]) => readonly R[]
}

/**
 * Sends messages of one topic; one end for each, in their order. `check` throws what is wrong with a result. `select`: for
 * these messages, whatever their keys, instead of the producer's strategy.
 */
export type SendTogether<R> = (
  members: readonly Outgoing[],
  timeoutMs: number,
  check: (result: R) => void,
  select?: Select | QueueRef,
) => Observable<readonly End<R>[]>

/**
 * Several messages in as few requests as their queues and the limits allow. Those of one queue follow one another: when a
 * request fails, what comes behind it is not sent, so that no message overtakes another of its key.
 */
export const createSendTogether = <R>(options: TogetherOptions<R>): SendTogether<R> => {
  const { begin, slots, boards, settings, packing, scheduler, report, ask$, resultsOf, counted, batched } = options
  const limits: BatchLimits = {
    maxBytes: settings.maxBatchBytes,
    maxCount: settings.batchSplit === 'count' ? settings.maxBatchCount : Infinity,
  }

  /** The messages of one queue, in one slot. */
  const group$ = (
    requests: readonly (readonly Outgoing[])[],
    dueAt: number,
    timeoutMs: number,
    check: (result: R) => void,
    select: Select | QueueRef | undefined,
  ): Observable<readonly End<R>[]> => {
    const members = requests.flat()
    const { topic = '', messageId = '' } = members[0] ?? {}
    const tooLate = () => operationTimeout(`sending to topic "${topic}"`, timeoutMs, { topic, sent: 'no' })
    let left = false
    let failure: RocketError | undefined

    const request$ = (sent: readonly Outgoing[], written: () => void): Observable<readonly End<R>[]> =>
      defer(() => {
        const [first] = sent
        if (first === undefined) return EMPTY
        if (failure !== undefined) throw notSentBehind(failure)
        if (left) throw closed('the subscription of this batch')
        if (dueAt <= scheduler.now()) throw tooLate()
        if (sent.length > 1) batched()
        const outgoing = sent.length === 1 ? compressed(first, packing.alone) : toBatch(sent, first, packing.batch)
        return ask$(outgoing, dueAt, written, () => left, select)
      }).pipe(
        map((whole): readonly End<R>[] => {
          check(whole)
          return sent.length === 1 ? [whole] : resultsOf(whole, sent)
        }),
        catchError((cause: unknown) => {
          const error = asRocketError(cause)
          failure ??= error
          return of(sent.map(() => error))
        }),
      )
    const requests$ = (written: () => void): Observable<readonly End<R>[]> =>
      from(requests).pipe(
        concatMap(sent => request$(sent, written)),
        reduce((all: readonly End<R>[], ends) => (all.length === 0 ? ends : [...all, ...ends]), []),
        map(ends => {
          if (left && failure !== undefined) throw failure // nobody hears the ends: the event tells
          return ends
        }),
      )
    return slots
      .run$<readonly End<R>[]>({
        bytes: members.reduce((sum, { body }) => sum + body.length, 0),
        waitMs: Math.max(1, dueAt - scheduler.now()),
        tooLate,
        work$: requests$,
        onLeft: () => (left = true),
        onAbandoned: how => report(abandonedSend(topic, messageId, how)),
        meter: {
          stored: ends => ends.forEach((end, i) => counted(end, members[i]?.body.length ?? 0)),
          failed: error => members.forEach(({ body }) => counted(asRocketError(error), body.length)),
        },
      })
      .pipe(catchError((cause: unknown) => of(members.map(() => asRocketError(cause)))))
  }

  const queueOf = (board: Board | undefined) => (shardKey: string) =>
    board === undefined ? 0 : placeOfKey(shardKey, board.queues.length, settings.hash)

  /** Where keys differ, which queues they lead to decides what travels together. */
  const boardOf$ = (members: readonly Outgoing[], timeoutMs: number): Observable<Board | undefined> => {
    const { topic = '', shardKey } = members[0] ?? {}
    if (members.every(member => member.shardKey === shardKey)) return of(undefined)
    const known = boards.board(topic)
    return known === undefined ? boards.board$(topic, timeoutMs) : of(known)
  }

  const sent$ = (
    members: readonly Outgoing[],
    timeoutMs: number,
    check: (result: R) => void,
    select: Select | QueueRef | undefined,
  ) => {
    begin()
    const dueAt = scheduler.now() + timeoutMs
    const board$ = select === undefined ? boardOf$(members, timeoutMs) : of(undefined)
    return board$.pipe(
      concatMap(board => {
        const groups = splitBatch(members, limits, queueOf(board))
        const taken = (requests: readonly Positions[]) =>
          requests.map(positions => positions.flatMap(position => members[position] ?? []))
        const ends = groups.map(requests => group$(taken(requests), dueAt, timeoutMs, check, select))
        return ends.length === 1 && ends[0] !== undefined
          ? ends[0]
          : forkJoin(ends).pipe(map(all => inOrder(groups, all)))
      }),
    )
  }

  return (members, timeoutMs, check, select) =>
    defer(() => sent$(members, timeoutMs, check, select)).pipe(
      catchError((cause: unknown) => of(members.map(() => asRocketError(cause)))),
    )
}

const inOrder = <R>(
  groups: readonly (readonly Positions[])[],
  ends: readonly (readonly End<R>[])[],
): readonly End<R>[] => {
  const ordered: End<R>[] = []
  groups.forEach((requests, group) => {
    requests.flat().forEach((position, i) => {
      const end = ends[group]?.[i]
      if (end !== undefined) ordered[position] = end
    })
  })
  return ordered
}

/** What came behind a request that failed: whatever became of that one, this was not sent. */
const notSentBehind = (cause: RocketError): RocketError =>
  new RocketError(cause.code, `not sent, as what came before it in its batch failed: ${cause.message}`, {
    retriable: cause.retriable,
    cause,
    ...(cause.topic === undefined ? {} : { topic: cause.topic }),
    advice: 'send it again after what came before it',
  })

/** Whether a message failed. */
export const hasFailed = <R>(end: End<R>): end is RocketError => isRocketError(end)
