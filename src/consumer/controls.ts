import { defer, forkJoin, map, of, tap } from 'rxjs'
import type { Observable } from 'rxjs'
import type { SharedClient } from '../client/shared-client.ts'
import { illegal } from '../errors.ts'
import { queueKey } from '../messages/offsets.ts'
import type { QueueRef } from '../messages/offsets.ts'
import { neverSync } from '../operators/never-sync.ts'
import type { Consumer, SeekTo, SoughtQueue } from './consumer.ts'
import type { GroupSession } from './group-session.ts'
import type { HeldQueue } from './held-queue.ts'
import type { Pauses } from './pauses.ts'

type Controls = Pick<Consumer, 'pause' | 'resume' | 'seek$' | 'commit$'>

/** What a user may do to a member while it runs. */
export const createControls = (
  { runtime, life }: Pick<SharedClient, 'runtime' | 'life'>,
  session: () => GroupSession | undefined,
  pauses: Pauses,
): Controls => {
  const { asap } = runtime

  const heldOf = (mine: GroupSession, queues: readonly QueueRef[] | undefined): readonly HeldQueue[] => {
    if (queues === undefined) return mine.held.all()
    return queues.map(queue => {
      const held = mine.held.get(queue)
      if (held === undefined) throw illegal(`queue ${queueKey(queue)} is not held by this consumer`)
      return held
    })
  }
  const sought$ = (mine: GroupSession, held: HeldQueue, to: SeekTo): Observable<SoughtQueue> =>
    mine.offsetAt$(held.queue, to).pipe(
      tap(offset => held.seek(offset)),
      map(offset => ({ queue: held.queue, offset })),
    )

  return {
    pause: queues => {
      pauses.pause(queues)
      for (const queue of session()?.held.all() ?? []) if (pauses.isPaused(queue.queue)) queue.pause()
    },
    resume: queues => {
      pauses.resume(queues)
      for (const queue of session()?.held.all() ?? []) if (!pauses.isPaused(queue.queue)) queue.resume()
    },
    seek$: (to, queues) =>
      defer(() => {
        const mine = session()
        if (mine === undefined) throw illegal('seek$ needs a consumer that runs: subscribe to one of its streams first')
        const all = heldOf(mine, queues)
        return all.length === 0 ? of([]) : forkJoin(all.map(held => sought$(mine, held, to)))
      }).pipe(neverSync(asap), life.held()),
    commit$: () => defer(() => session()?.held.committed$() ?? of(undefined)).pipe(neverSync(asap), life.held()),
  }
}
