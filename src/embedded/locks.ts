import type { MessageQueue } from '../protocol/bodies/routes.ts'

/** Who may consume which queue in order: per group at most one client a queue. Clients renew what they hold. */
export interface Locks {
  /** Those of the queues that the client holds from now on: free ones, its own, and those others have not renewed. */
  take(group: string, clientId: string, queues: readonly MessageQueue[]): readonly MessageQueue[]
  /** Queues that others hold stay theirs. */
  release(group: string, clientId: string, queues: readonly MessageQueue[]): void
  /** Whether any client of the group holds any queue: then the group consumes in order. */
  isOrderly(group: string): boolean
  clear(): void
}

interface Lock {
  readonly clientId: string
  readonly renewedMs: number
}

/** `rocketmq.broker.rebalance.lockMaxLiveTime` of an official broker that was not told otherwise. */
const LOCK_LIVES_MS = 60_000

/** Locks end by time alone: a client that is gone keeps its queues from the others until then, as in official brokers. */
export const createLocks = (now: () => number): Locks => {
  const groups = new Map<string, Map<string, Lock>>()
  const isHeld = ({ renewedMs }: Lock): boolean => now() - renewedMs <= LOCK_LIVES_MS

  return {
    take: (group, clientId, queues) => {
      const locks = groups.get(group) ?? new Map<string, Lock>()
      groups.set(group, locks)
      return queues.filter(queue => {
        const lock = locks.get(keyOf(queue))
        if (lock !== undefined && lock.clientId !== clientId && isHeld(lock)) return false
        locks.set(keyOf(queue), { clientId, renewedMs: now() })
        return true
      })
    },
    release: (group, clientId, queues) => {
      const locks = groups.get(group)
      for (const key of queues.map(keyOf)) if (locks?.get(key)?.clientId === clientId) locks.delete(key)
      if (locks?.size === 0) groups.delete(group)
    },
    isOrderly: group => [...(groups.get(group)?.values() ?? [])].some(isHeld),
    clear: () => groups.clear(),
  }
}

const keyOf = ({ topic, brokerName, queueId }: MessageQueue): string => `${topic}@${brokerName}@${queueId}`
