import { defer, from, of, tap } from 'rxjs'
import type Long from 'long'
import { queueKey } from '../../messages/offsets.ts'
import type { Offsets } from './offset-store.ts'

/** Offsets that are kept while this value lives, for all consumers that it is given to: for tests, or to begin anew each time. */
export const memoryOffsets = (): Offsets => {
  const groups = new Map<string, Map<string, Long>>()
  return ({ group }) => {
    const kept = groups.get(group) ?? new Map<string, Long>()
    groups.set(group, kept)
    return {
      load$: queue => defer(() => of(kept.get(queueKey(queue)))),
      commit$: offsets => from(offsets).pipe(tap(({ queue, offset }) => kept.set(queueKey(queue), offset))),
    }
  }
}
