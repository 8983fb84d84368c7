import Long from 'long'
import { asyncScheduler } from 'rxjs'
import { expect } from 'vitest'
import { createCustody } from '../../src/consumer/queues/custody.ts'
import { QueueDelivery } from '../../src/consumer/queues/delivery.ts'
import { createWindow } from '../../src/consumer/queues/window.ts'
import type { Entry } from '../../src/consumer/queues/window.ts'
import { aQueue, aStored } from './builders.ts'
import type { Handlers, Vector } from './golden.ts'

interface Step {
  readonly op: 'put' | 'remove' | 'take' | 'commit' | 'rollback' | 'consumeAgain'
  readonly args: readonly string[]
  readonly result: boolean | string | readonly string[] | null | { readonly error: string }
  readonly count: string
  readonly size: string
  readonly cached: readonly string[]
}

const BODY_BYTES = 10

const entryAt = (offset: string): Entry => ({
  offset: Long.fromString(offset),
  bytes: BODY_BYTES,
  index: 0,
  settled: false,
})

const texts = (entries: readonly Entry[]): readonly string[] => entries.map(({ offset }) => offset.toString())

/** The page ends behind its last message. */
const nextOf = (offsets: readonly string[]): Long => Long.fromString(offsets.at(-1) ?? '0').add(1)

const checkSteps = (vector: Vector): void => {
  const { steps } = vector as Vector & { readonly steps: readonly Step[] }
  const start = Long.fromString(steps[0]?.args[0] ?? '0')
  if (steps.every(({ op }) => op === 'put' || op === 'remove')) checkConcurrent(steps, start)
  else checkOrderly(steps, start)
}

/**
 * Side by side. The result of `put`, whether there is something to start, is not compared: the official concurrent
 * consumer ignores it, and ours delivers what a page brought.
 */
const checkConcurrent = (steps: readonly Step[], start: Long): void => {
  const window = createWindow<Entry>(start)
  const entries = new Map<string, Entry>()
  for (const { op, args, result, count, size, cached } of steps) {
    if (op === 'put') {
      // a page that repeats an offset does not come to our window: pulls go forward, and a reset begins a new window
      const added = args.filter(offset => !entries.has(offset)).map(entryAt)
      for (const entry of added) entries.set(entry.offset.toString(), entry)
      window.add(added, nextOf(args))
    } else {
      for (const offset of args) window.settle(entries.get(offset) ?? entryAt(offset))
      expect(window.commitPoint().toString()).toBe(result)
    }
    expect(window.size).toBe(Number(count))
    expect(window.bytes).toBe(Number(size))
    expect(texts([...entries.values()].filter(({ settled }) => !settled))).toEqual(cached)
    expect(window.oldest()?.offset.toString()).toBe(cached[0])
  }
}

/**
 * In order. What the official queue takes, commits and rolls back, ours has in hand, settles and tries again in place. Who
 * is next is not its business but that of lanes: here the oldest that nobody works on. The commit point is compared, and
 * what is in hand; whether a `put` must start somebody has no counterpart.
 */
const checkOrderly = (steps: readonly Step[], start: Long): void => {
  const custody = createCustody({
    queue: aQueue(),
    read: () => {
      throw new Error('nobody reads it')
    },
    sendBack$: undefined,
    maxAttempts: 16,
    atMostOnce: false,
    budget: { give: () => undefined, close: () => undefined },
    onFailure: () => undefined,
    scheduler: asyncScheduler,
  })
  custody.open(start, new Error('begins'))
  const deliveries: QueueDelivery[] = []
  const inHand = new Set<QueueDelivery>()
  const repeated: string[] = []
  const named = (offset: string) => deliveries.find(delivery => delivery.offset.toString() === offset)
  const waiting = () => deliveries.filter(delivery => delivery.decision === undefined && !inHand.has(delivery))
  const putBack = (back: readonly QueueDelivery[]): null => {
    for (const delivery of back) {
      delivery.again()
      inHand.delete(delivery)
    }
    return null
  }

  const run = ({ op, args }: Step): unknown => {
    switch (op) {
      case 'put': {
        repeated.push(...args.filter(named))
        const added = args
          .filter(offset => !named(offset))
          .map(offset => new QueueDelivery(aStored({ offset: Number(offset) }), 't', custody.settler))
        deliveries.push(...added)
        custody.add(added, custody.window()?.nextOffset().add(added.length) ?? start)
        return undefined
      }
      case 'take': {
        const taken = waiting().slice(0, Number(args[0]))
        for (const delivery of taken) inHand.add(delivery)
        return offsetsOf(taken)
      }
      case 'commit': {
        if (inHand.size === 0) return undefined
        for (const delivery of inHand) delivery.ack()
        inHand.clear()
        return custody.window()?.commitPoint().toString()
      }
      case 'rollback':
        return putBack([...inHand])
      case 'consumeAgain':
        return putBack(args.flatMap(offset => named(offset) ?? []))
      case 'remove':
        throw new Error('an orderly queue removes by committing')
    }
  }
  for (const step of steps) {
    const result = run(step)
    // nothing to commit: the official queue throws, ours has nothing to settle
    if (step.op !== 'put') expect(result).toEqual(isFailure(step.result) ? undefined : step.result)
    // the official queue consumes a message again that is put again while it is in hand; ours has it already
    expect(offsetsOf(waiting())).toEqual(step.cached.filter(offset => !repeated.includes(offset)))
    expect(custody.size).toBe(Number(step.count) - repeated.length)
    // the official queue counts bodies, ours what is stored: as many times one, of messages that are alike
    expect(custody.window()?.bytes).toBe((Number(step.size) / BODY_BYTES - repeated.length) * aStored().storeSize)
  }
}

const offsetsOf = (deliveries: readonly QueueDelivery[]): readonly string[] =>
  deliveries.map(({ offset }) => offset.toString())

const isFailure = (result: Step['result']): boolean =>
  typeof result === 'object' && result !== null && 'error' in result

export const handlers: Handlers = { 'process-queue': checkSteps }
