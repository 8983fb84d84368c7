import { defer, firstValueFrom, forkJoin, map, of, tap } from 'rxjs'
import type { Observable } from 'rxjs'
import type { SharedClient } from '../../client/shared-client.ts'
import { expected } from '../../client/check-kinds.ts'
import { illegal } from '../../errors.ts'
import { Long, queueKey, toOffset } from '../../messages/offsets.ts'
import type { OffsetLike, QueueRef } from '../../messages/offsets.ts'
import { neverSync } from '../../operators/never-sync.ts'
import type { Consumer, SeekTo, SoughtQueue } from '../consumer.ts'
import type { GroupSession } from './group-session.ts'
import type { HeldQueue } from '../queues/held-queue.ts'
import { isTime } from '../options.ts'
import type { Pauses } from '../queues/pauses.ts'
import { checkQueues } from '../queues/queue-refs.ts'

type Controls = Pick<Consumer, 'pause' | 'resume' | 'seek$' | 'seek' | 'commit$' | 'commit'>

const checkPlace = (to: unknown): void => {
  if (to === 'first' || to === 'last' || isTime(to)) return
  const isOffset = ['number', 'bigint', 'string'].includes(typeof to) || Long.isLong(to)
  expected('the place to seek', to, isOffset, '"first", "last", a Date or an offset')
  toOffset(to as OffsetLike)
}

/** Those queues, or all; ERR_RMQ_ILLEGAL for one that is not held. */
export const heldOf = (mine: GroupSession, queues: readonly QueueRef[] | undefined): readonly HeldQueue[] => {
  if (queues === undefined) return mine.held.all()
  return queues.map(queue => {
    const held = mine.held.get(queue)
    if (held === undefined) throw illegal(`queue ${queueKey(queue)} is not held by this consumer`)
    return held
  })
}

/** Throws for what is no place, and no list of queues. */
export const checkSeek = (to: unknown, queues: unknown): void => {
  checkPlace(to)
  checkQueues(queues)
}

/** All of those queues or none: where one has no such place, each stays where it is. */
export const sought$ = (
  mine: GroupSession,
  to: SeekTo,
  queues: readonly QueueRef[] | undefined,
): Observable<readonly SoughtQueue[]> =>
  defer(() => {
    const all = heldOf(mine, queues)
    if (all.length === 0) return of([])
    return forkJoin(all.map(held => mine.offsetAt$(held.queue, to).pipe(map(offset => ({ held, offset }))))).pipe(
      tap(places => {
        for (const { held, offset } of places) held.seek(offset)
      }),
      map(places => places.map(({ held, offset }) => ({ queue: held.queue, offset }))),
    )
  })

/** What a user may do to a member while it runs. */
export const createControls = (
  { runtime, life }: Pick<SharedClient, 'runtime' | 'life'>,
  session: () => GroupSession | undefined,
  pauses: Pauses,
): Controls => {
  const { asap } = runtime

  const seek$: Controls['seek$'] = (to, queues) =>
    defer(() => {
      checkSeek(to, queues)
      const mine = session()
      if (mine === undefined) throw illegal('seek$ needs a consumer that runs: subscribe to one of its streams first')
      return sought$(mine, to, queues)
    }).pipe(neverSync(asap), life.held())
  const commit$: Controls['commit$'] = () =>
    defer(() => {
      const held = session()?.held
      for (const queue of held?.all() ?? []) queue.consumed() // where that is not told by itself
      return held?.committed$() ?? of(undefined)
    }).pipe(neverSync(asap), life.held())

  return {
    pause: queues => {
      checkQueues(queues)
      pauses.pause(queues)
      for (const queue of session()?.held.all() ?? []) if (pauses.isPaused(queue.queue)) queue.pause()
    },
    resume: queues => {
      checkQueues(queues)
      pauses.resume(queues)
      for (const queue of session()?.held.all() ?? []) if (!pauses.isPaused(queue.queue)) queue.resume()
    },
    seek$,
    seek: (to, queues) => firstValueFrom(seek$(to, queues)),
    commit$,
    commit: () => firstValueFrom(commit$()),
  }
}
