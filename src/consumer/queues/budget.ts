import type { FlowLimits } from '../options.ts'

/** Credits: what may be delivered without being settled. */
export interface Limits {
  readonly messages: number
  readonly bytes: number
}

/** A limit that leaves no room. */
export interface FullLimit {
  /** Its name in `flow`. */
  readonly limit: Exclude<keyof FlowLimits, 'pullBatch' | 'pullIntervalMs'>
  readonly most: number
  /** What of it is in use. There is room again some way below `most`, so that no pull fetches a single message. */
  readonly taken: number
}

/** The credits of one queue, which count against those of the whole consumer as well. */
export interface QueueBudget {
  take(messages: number, bytes: number): void
  /** Sets credits aside for a pull that is on its way; returns how to let go of them. */
  reserve(messages: number): () => void
  give(messages: number, bytes: number): void
  /** How many messages may be pulled now. 0 below the low-water mark, or pulls would fetch one message at a time. */
  room(): number
  /** Which limit leaves no room. */
  full(): FullLimit | undefined
  /** Calls back once when there is room again; returns how to stop waiting. */
  whenRoom(resume: () => void): () => void
  /** Gives back what is still taken. */
  close(): void
}

export interface Budget {
  /** Credits of one queue. Queues of one topic share `ofTopic`, where it is given. */
  queue(limits: Limits, ofTopic?: SharedLimits): QueueBudget
  /** Limits that several queues share. */
  shared(limits: Limits): SharedLimits
  taken(): Limits
}

/** Limits that several queues share, and what they took. */
export interface SharedLimits extends Limits {
  taken: number
  takenBytes: number
}

/**
 * Three levels of limits, by count and by bytes: per queue, per topic and in total. A settled message costs a subtraction; queues are
 * only looked at when one of them waits.
 */
export const createBudget = (total: Limits, pullBatch: number): Budget => {
  let messages = 0
  let bytes = 0
  let reserved = 0 // by pulls on their way, so that queues that pull at the same time keep the total
  const waiting = new Map<() => void, () => boolean>() // resume ⇒ whether it may

  const roomIn = (limits: Limits, takenMessages: number, takenBytes: number): number => {
    const left = limits.messages - takenMessages
    const lowWater = Math.min(Math.ceil(pullBatch / 2), limits.messages)
    return left >= lowWater && takenBytes < limits.bytes ? left : 0
  }
  const fullOf = (
    [count, size]: readonly [FullLimit['limit'], FullLimit['limit']],
    limits: Limits,
    takenMessages: number,
    takenBytes: number,
  ): FullLimit | undefined => {
    if (roomIn(limits, takenMessages, takenBytes) > 0) return undefined
    return takenBytes >= limits.bytes
      ? { limit: size, most: limits.bytes, taken: takenBytes }
      : { limit: count, most: limits.messages, taken: takenMessages }
  }
  const wake = (): void => {
    for (const [resume, may] of waiting) {
      if (!may()) continue
      waiting.delete(resume)
      resume()
    }
  }

  const queue = (limits: Limits, ofTopic: SharedLimits = UNLIMITED): QueueBudget => {
    let own = 0
    let ownBytes = 0
    let closed = false
    const room = (): number =>
      Math.min(
        roomIn(limits, own, ownBytes),
        roomIn(ofTopic, ofTopic.taken, ofTopic.takenBytes),
        roomIn(total, messages + reserved, bytes),
        pullBatch,
      )
    const add = (n: number, size: number): void => {
      own += n
      ownBytes += size
      messages += n
      bytes += size
      if (ofTopic === UNLIMITED) return
      ofTopic.taken += n
      ofTopic.takenBytes += size
    }
    return {
      take: add,
      reserve: n => {
        reserved += n
        let open = true
        return () => {
          if (!open) return
          open = false
          reserved -= n
          if (waiting.size > 0) wake()
        }
      },
      give: (n, size) => {
        if (closed) return
        add(-n, -size)
        if (waiting.size > 0) wake()
      },
      room,
      full: () =>
        fullOf(['unsettledPerQueue', 'unsettledBytesPerQueue'], limits, own, ownBytes) ??
        fullOf(['unsettledPerTopic', 'unsettledBytesPerTopic'], ofTopic, ofTopic.taken, ofTopic.takenBytes) ??
        fullOf(['unsettled', 'unsettledBytes'], total, messages + reserved, bytes),
      whenRoom: resume => {
        waiting.set(resume, () => room() > 0)
        return () => waiting.delete(resume)
      },
      close: () => {
        if (closed) return
        add(-own, -ownBytes)
        closed = true
        if (waiting.size > 0) wake()
      },
    }
  }
  return {
    queue,
    shared: limits => ({ ...limits, taken: 0, takenBytes: 0 }),
    taken: () => ({ messages, bytes }),
  }
}

const UNLIMITED: SharedLimits = { messages: Infinity, bytes: Infinity, taken: 0, takenBytes: 0 }
