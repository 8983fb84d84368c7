import { queueKey } from '../../messages/offsets.ts'
import type { QueueRef } from '../../messages/offsets.ts'

/** Which queues a user wants to rest, held or not. */
export interface Pauses {
  pause(queues?: readonly QueueRef[]): void
  resume(queues?: readonly QueueRef[]): void
  isPaused(queue: QueueRef): boolean
}

export const createPauses = (): Pauses => {
  let all = false
  let except = new Set<string>() // of all, those that do not rest; otherwise, those that do

  const mark = (queues: readonly QueueRef[] | undefined, rest: boolean): void => {
    if (queues === undefined) {
      all = rest
      except = new Set()
      return
    }
    for (const queue of queues) {
      if (rest === all) except.delete(queueKey(queue))
      else except.add(queueKey(queue))
    }
  }
  return {
    pause: queues => mark(queues, true),
    resume: queues => mark(queues, false),
    isPaused: queue => except.has(queueKey(queue)) !== all,
  }
}
