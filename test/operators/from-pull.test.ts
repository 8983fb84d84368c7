import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { defer, finalize, lastValueFrom, map, NEVER, of, Subject, take, tap, timer, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { Load } from '../../src/operators/bounded-map.ts'
import { boundedPull } from '../../src/operators/from-pull.ts'

const hop = () => delay(1)
const MANY = 100_000

/** An async source that notes what is asked of it. */
const noted = (length: number, ms?: number) => {
  const log = { asked: 0, returned: 0 }
  const items: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => {
      let next = 0
      return {
        next: async () => {
          log.asked++
          if (ms !== undefined) await delay(ms)
          return next < length ? { done: false, value: next++ } : { done: true, value: undefined }
        },
        return: () => {
          log.returned++
          return Promise.resolve({ done: true, value: undefined })
        },
      }
    },
  }
  return { log, items }
}

const counting = function* (to = Infinity, onReturn = () => {}) {
  try {
    for (let n = 0; n < to; n++) yield n
  } finally {
    onReturn()
  }
}

describe('boundedPull', () => {
  it('takes arrays, sets, generators, async generators and Node streams', async () => {
    const asyncOf = async function* () {
      yield* [1, 2]
      await hop()
      yield 3
    }
    for (const source of [[1, 2, 3], new Set([1, 2, 3]), counting(4), asyncOf(), Readable.from([1, 2, 3])]) {
      const seen$ = boundedPull(source as Iterable<number>, n => [n], { concurrency: 2 }).pipe(toArray())
      expect((await lastValueFrom(seen$)).slice(-3)).toEqual([1, 2, 3])
    }
  })

  it('asks for an item only when a slot is free', async () => {
    const { log, items } = noted(100)
    const slots = new Subject<void>()
    const seen: number[] = []
    const subscription = boundedPull(
      items,
      n =>
        slots.pipe(
          take(1),
          map(() => n),
        ),
      { concurrency: 4 },
    ).subscribe(n => seen.push(n))
    expect(log.asked).toBe(0)
    await hop()
    expect(log.asked).toBe(4)
    slots.next()
    await hop()
    expect([log.asked, seen]).toEqual([8, [0, 1, 2, 3]])
    subscription.unsubscribe()
  })

  it('asks for no more than that of a source that answers at once', async () => {
    let asked = 0
    const items = (function* () {
      for (;;) yield asked++
    })()
    const slots = new Subject<void>()
    boundedPull(items, () => slots.pipe(take(1)), { concurrency: 4 }).subscribe()
    await hop()
    expect(asked).toBe(4)
    slots.next()
    expect(asked).toBe(8)
  })

  it('counts what is held behind a slow head, and what waits for a busy key, as taken', async () => {
    const { log, items } = noted(100)
    const never = boundedPull(items, n => (n === 0 ? NEVER : [n]), { concurrency: 4, order: 'source' }).subscribe()
    await hop()
    expect(log.asked).toBe(4)
    never.unsubscribe()
    const oneKey = noted(100)
    const busy = boundedPull(oneKey.items, () => NEVER, { concurrency: 4, keyBy: () => 'same' }).subscribe()
    await hop()
    expect(oneKey.log.asked).toBe(4)
    busy.unsubscribe()
  })

  it('keeps the order of the source, and of each key, if asked', async () => {
    const work = (n: number) => timer(n % 3).pipe(map(() => n))
    const ordered$ = boundedPull(noted(30).items, work, { concurrency: 5, order: 'source' }).pipe(toArray())
    expect(await lastValueFrom(ordered$)).toEqual([...Array(30).keys()])
    const keyed$ = boundedPull(noted(30).items, work, { concurrency: 5, keyBy: n => n % 2 }).pipe(toArray())
    const seen = await lastValueFrom(keyed$)
    for (const key of [0, 1])
      expect(seen.filter(n => n % 2 === key)).toEqual([...Array(30).keys()].filter(n => n % 2 === key))
  })

  it('tells nothing inside subscribe, and starts nothing that is unsubscribed before the hop', async () => {
    let asked = 0
    const items = counting(3, () => asked++)
    const seen: unknown[] = []
    boundedPull([1, 2], n => [n], { concurrency: 1 }).subscribe(n => seen.push(n))
    boundedPull(items, n => [n], { concurrency: 1 })
      .subscribe(n => seen.push(n))
      .unsubscribe()
    expect(seen).toEqual([])
    await hop()
    expect([seen, asked]).toEqual([[1, 2], 0])
  })

  it.each([
    ['arrays', (n: number) => [n]],
    ['Observables', (n: number) => of(n)],
  ])('does 100,000 items that are there at once with works that end at once: %s', async (_, work) => {
    let seen = 0
    const done$ = boundedPull(counting(MANY), work, { concurrency: 3 }).pipe(tap(() => seen++))
    await lastValueFrom(done$)
    expect(seen).toBe(MANY)
  })

  it('does 100,000 promised items', async () => {
    let seen = 0
    await lastValueFrom(boundedPull(noted(MANY).items, n => [n], { concurrency: 3 }).pipe(tap(() => seen++)))
    expect(seen).toBe(MANY)
  })

  it('lets go of the source when unsubscribed', async () => {
    let returned = 0
    const seen$ = boundedPull(
      counting(Infinity, () => returned++),
      n => [n],
      { concurrency: 1 },
    ).pipe(take(3), toArray())
    expect(await lastValueFrom(seen$)).toEqual([0, 1, 2])
    expect(returned).toBe(1)
    const { log, items } = noted(Infinity)
    await lastValueFrom(boundedPull(items, n => [n], { concurrency: 1 }).pipe(take(3)))
    expect(log.returned).toBe(1)
  })

  it('lets go of the source when a work fails, and stops what else runs', async () => {
    const { log, items } = noted(100)
    let stopped = 0
    const failed = boundedPull(
      items,
      n => (n === 0 ? NEVER.pipe(finalize(() => stopped++)) : defer(() => Promise.reject(new Error('no')))),
      { concurrency: 2 },
    )
    await expect(lastValueFrom(failed)).rejects.toThrow('no')
    expect([log.asked, log.returned, stopped]).toEqual([2, 1, 1])
  })

  it('does not let go of what has ended or failed by itself', async () => {
    const { log, items } = noted(2)
    await lastValueFrom(boundedPull(items, n => [n], { concurrency: 1 }))
    expect(log).toEqual({ asked: 3, returned: 0 })
  })

  it.each([
    [
      'throws',
      {
        next: () => {
          throw new Error('no')
        },
      },
    ],
    ['rejects', { next: () => Promise.reject(new Error('no')) }],
  ])('fails with a source that %s, which is not told to return', async (_, failing) => {
    let returned = 0
    const iterator = { ...failing, return: () => ({ done: true, value: returned++ }) } as unknown as Iterator<number>
    const pulled$ = boundedPull({ [Symbol.iterator]: () => iterator }, n => [n], { concurrency: 2 })
    await expect(lastValueFrom(pulled$)).rejects.toThrow('no')
    expect(returned).toBe(0)
  })

  it('fails with a source that cannot even begin', async () => {
    const broken = {
      [Symbol.iterator]: () => {
        throw new Error('no')
      },
    }
    await expect(lastValueFrom(boundedPull(broken, () => [], { concurrency: 1 }))).rejects.toThrow('no')
  })

  it('hears no complaint of a source that fails to return', async () => {
    for (const farewell of [
      () => {
        throw new Error('no')
      },
      () => Promise.reject(new Error('no')),
    ]) {
      const iterator = { next: () => ({ done: false, value: 1 }), return: farewell } as unknown as Iterator<number>
      const pulled$ = boundedPull({ [Symbol.iterator]: () => iterator }, n => [n], { concurrency: 2 })
      expect(await lastValueFrom(pulled$.pipe(take(2)))).toBe(1)
    }
    await hop()
  })

  it('after "until" takes nothing new, and puts back the item that had been asked for', async () => {
    const { log, items } = noted(100, 20)
    const stop = new Subject<void>()
    const back: number[] = []
    const done = lastValueFrom(
      boundedPull(items, n => [n], { concurrency: 1, until$: stop, putBack: n => back.push(n) }).pipe(toArray()),
    )
    await delay(10)
    stop.next()
    expect(await done).toEqual([])
    await delay(30)
    expect([back, log]).toEqual([[0], { asked: 1, returned: 1 }])
  })

  it('reads a file as fast as the work allows, and closes it when left', async () => {
    const file = createReadStream(fileURLToPath(import.meta.url), { highWaterMark: 64 })
    await lastValueFrom(
      boundedPull(file as AsyncIterable<Buffer>, chunk => timer(1).pipe(map(() => chunk)), { concurrency: 2 }).pipe(
        take(3),
      ),
    )
    expect(file.bytesRead).toBeLessThan(64 * 10)
    await hop()
    expect(file.destroyed).toBe(true)
  })

  it('closes a Node stream that is left while it has nothing to say', async () => {
    const silent = new Readable({ read: () => undefined })
    const subscription = boundedPull(silent as AsyncIterable<Buffer>, chunk => [chunk], { concurrency: 1 }).subscribe()
    await hop()
    subscription.unsubscribe()
    await hop()
    expect(silent.destroyed).toBe(true)
  })

  it('tells what it holds', async () => {
    const loads: Load[] = []
    await lastValueFrom(boundedPull([1, 2, 3], n => timer(n), { concurrency: 2, onLoad: load => loads.push(load) }))
    expect(Math.max(...loads.map(({ active }) => active))).toBe(2)
    expect(loads.at(-1)).toEqual({ active: 0, waiting: 0, waitingBytes: 0, held: 0 })
  })

  it('begins anew for each subscriber', async () => {
    const pulled$ = boundedPull([1, 2], n => [n], { concurrency: 1 }).pipe(toArray())
    expect([await lastValueFrom(pulled$), await lastValueFrom(pulled$)]).toEqual([
      [1, 2],
      [1, 2],
    ])
  })
})
