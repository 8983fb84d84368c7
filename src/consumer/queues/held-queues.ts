import { catchError, concat, defer, EMPTY, filter, ignoreElements, merge, mergeMap, of } from 'rxjs'
import type { Observable } from 'rxjs'
import { queueKey } from '../../messages/offsets.ts'
import type { QueueRef } from '../../messages/offsets.ts'
import type { HeldQueue } from './held-queue.ts'
import type { QueueProgress } from './queue-progress.ts'

/** The queues that a member holds. */
export interface HeldQueues {
  add(queue: HeldQueue): void
  /** It was revoked and wound up. */
  giveUp(queue: HeldQueue): void
  get(queue: QueueRef): HeldQueue | undefined
  all(): readonly HeldQueue[]
  progress(): readonly QueueProgress[]
  /** Every queue tells its broker how far it came. What fails is reported, and tried again by the next commit. */
  commit$(): Observable<never>
  /** The same for the last time, also of queues that are just going to other members. */
  farewell$(): Observable<never>
  /** The same, for who wants to know: emits when all brokers know, or errors with the first failure. */
  committed$(): Observable<void>
  /** Deliveries whose settlement is not done. */
  unfinished(): number
  /** Queues whose broker does not know how far they came. */
  uncommitted(): number
  /** Emits when nothing is unfinished. */
  settled$(): Observable<unknown>
  close(): void
}

export const createHeldQueues = (): HeldQueues => {
  const held = new Map<string, HeldQueue>()
  const all = (): readonly HeldQueue[] => [...held.values()]
  const progress = (): readonly QueueProgress[] => all().flatMap(queue => queue.progress() ?? [])
  const commits$ = (one$: (queue: HeldQueue) => Observable<unknown>): Observable<never> =>
    defer(all).pipe(mergeMap(one$), ignoreElements())
  const unfinished = (): number => all().reduce((sum, queue) => sum + queue.settling(), 0)

  return {
    add: queue => held.set(queueKey(queue.queue), queue),
    giveUp: queue => {
      held.delete(queueKey(queue.queue))
      queue.close()
    },
    get: queue => held.get(queueKey(queue)),
    all,
    progress,
    commit$: () => commits$(queue => queue.commit$().pipe(catchError(() => EMPTY))),
    farewell$: () => commits$(queue => queue.farewell$()),
    committed$: () =>
      concat(
        commits$(queue => queue.commit$()),
        of(undefined),
      ),
    unfinished,
    uncommitted: () => all().filter(queue => queue.isAhead()).length,
    settled$: () =>
      merge(of(undefined), ...all().map(queue => queue.settlements$)).pipe(filter(() => unfinished() === 0)),
    close: () => {
      for (const queue of held.values()) queue.close()
      held.clear()
    },
  }
}
