import Long from 'long'
import { expect } from 'vitest'
import { createOrderlyWindow } from '../../src/consumer/orderly-window.ts'
import { createWindow } from '../../src/consumer/window.ts'
import type { Entry } from '../../src/consumer/window.ts'
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

/** In order. Put, take, put back; the commit point is what the official one tells the broker. */
const checkOrderly = (steps: readonly Step[], start: Long): void => {
  const window = createOrderlyWindow<Entry>(start)
  const entries = new Map<string, Entry>()
  const repeated: string[] = []
  const entryOf = (offset: string): Entry => entries.get(offset) ?? entryAt(offset)

  const run = ({ op, args }: Step): unknown => {
    switch (op) {
      case 'put': {
        repeated.push(...args.filter(offset => entries.has(offset)))
        const added = args.map(entryAt)
        for (const entry of added)
          if (!entries.has(entry.offset.toString())) entries.set(entry.offset.toString(), entry)
        return window.add(added, nextOf(args))
      }
      case 'take':
        return texts(window.take(Number(args[0])))
      case 'commit':
        return window.commit()?.toString()
      case 'rollback':
        window.rollback()
        return null
      case 'consumeAgain':
        window.putBack(args.map(entryOf))
        return null
      case 'remove':
        throw new Error('an orderly queue removes by committing')
    }
  }
  for (const step of steps) {
    const result = run(step)
    // nothing to commit: the official queue throws, ours says that there is nothing
    expect(result).toEqual(isFailure(step.result) ? undefined : step.result)
    // the official queue consumes a message again that is put again while it is in hand; ours has it already
    expect(texts(window.waiting)).toEqual(step.cached.filter(offset => !repeated.includes(offset)))
    expect(window.size).toBe(Number(step.count) - repeated.length)
    expect(window.bytes).toBe(Number(step.size) - BODY_BYTES * repeated.length)
  }
}

const isFailure = (result: Step['result']): boolean =>
  typeof result === 'object' && result !== null && 'error' in result

export const handlers: Handlers = { 'process-queue': checkSteps }
