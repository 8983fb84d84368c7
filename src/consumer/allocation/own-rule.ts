import { illegal } from '../../errors.ts'
import { queueKey } from '../../messages/offsets.ts'
import type { QueueRef } from '../../messages/offsets.ts'
import { kindOf } from '../../client/check-kinds.ts'
import type { Allocate } from './allocate.ts'

/**
 * A rule that a user wrote: what it gives must be queues of its list, each once. What it throws, and anything else that it
 * returns, fails that one round: what is held stays.
 */
export const ownRule =
  (allocate: Allocate): Allocate =>
  (queues, members, self) => {
    const byKey = new Map(queues.map(queue => [queueKey(queue), queue]))
    const given: unknown = allocate(queues, members, self)
    if (!Array.isArray(given)) throw illegal(`allocate returned what is ${kindOf(given)}: expected a list of queues`)
    return given.map((one: unknown) => {
      const key = queueKey(Object(one) as QueueRef) // anything may come from JavaScript
      const queue = byKey.get(key)
      if (queue === undefined) throw illegal(`allocate returned ${key}: expected queues of its list, each once`)
      byKey.delete(key)
      return queue
    })
  }
