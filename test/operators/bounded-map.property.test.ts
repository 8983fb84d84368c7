import fc from 'fast-check'
import { concat, map, mergeMap, Observable, of, range, timer, VirtualTimeScheduler, type ObservableInput } from 'rxjs'
import { expect, it } from 'vitest'
import { boundedMap, type BoundedMapOptions, type Load } from '../../src/operators/bounded-map.ts'

/** An item: when it comes, its key, how long its work takes (nothing: it ends at once), and how many results it has. */
interface Item {
  readonly id: number
  readonly at: number
  readonly key: number
  readonly ms: number
  readonly results: number
  readonly bytes: number
  readonly asArray: boolean
}

interface Result {
  readonly id: number
  readonly number: number
  readonly dropped?: true
}

const item = fc.record({
  at: fc.integer({ min: 0, max: 20 }),
  key: fc.integer({ min: 0, max: 3 }),
  ms: fc.integer({ min: 0, max: 12 }),
  results: fc.integer({ min: 0, max: 3 }),
  bytes: fc.integer({ min: 0, max: 9 }),
  asArray: fc.boolean(),
})

const items: fc.Arbitrary<Item[]> = fc
  .array(item, { maxLength: 40 })
  .map(all => all.sort((a, b) => a.at - b.at).map((each, id) => ({ ...each, id })))

const settings = fc.record({
  concurrency: fc.integer({ min: 1, max: 5 }),
  keyed: fc.boolean(),
  order: fc.constantFrom('completion' as const, 'source' as const),
  count: fc.constantFrom(0, 1, 3, 8, Infinity),
  bytes: fc.constantFrom(10, 20, Infinity),
  overflow: fc.constantFrom('drop-newest' as const, 'drop-oldest' as const),
  replaced: fc.boolean(),
})
type Settings = typeof settings extends fc.Arbitrary<infer S> ? S : never

/** Lets it all happen in virtual time and notes what can be seen from outside. */
const run = (all: readonly Item[], { concurrency, keyed, order, count, bytes, overflow, replaced }: Settings) => {
  const scheduler = new VirtualTimeScheduler()
  const seen = { results: [] as Result[], started: [] as number[], dropped: [] as number[], loads: [] as Load[] }
  const running = new Set<Item>()
  let end: unknown
  let mostRunning = 0
  let overlapping = false
  let idleSlots = false

  const work = (each: Item): ObservableInput<Result> => {
    seen.started.push(each.id)
    const results = Array.from({ length: each.results }, (_, number): Result => ({ id: each.id, number }))
    overlapping ||= keyed && [...running].some(other => other.key === each.key)
    mostRunning = Math.max(mostRunning, running.size + 1)
    if (each.asArray) return results
    return new Observable<Result>(subscriber => {
      running.add(each)
      const told$ = each.ms === 0 ? of(...results) : spread$(results, each.ms, scheduler)
      const told = told$.subscribe({
        next: result => subscriber.next(result),
        complete: () => {
          running.delete(each)
          subscriber.complete()
        },
      })
      return () => {
        running.delete(each)
        told.unsubscribe()
      }
    })
  }

  const options: BoundedMapOptions<Item, Result> = {
    concurrency,
    order,
    keyBy: keyed ? each => each.key : undefined,
    buffer: {
      count,
      bytes,
      bytesOf: each => each.bytes,
      overflow,
      onDrop: each => seen.dropped.push(each.id),
      resultOfDropped: replaced ? each => ({ id: each.id, number: 0, dropped: true }) : undefined,
    },
    onLoad: load => {
      seen.loads.push(load)
      const waiting = all.filter(
        each => arrived.has(each.id) && !seen.started.includes(each.id) && !seen.dropped.includes(each.id),
      )
      const startable = waiting.some(each => !keyed || ![...running].some(other => other.key === each.key))
      idleSlots ||= startable && running.size < concurrency
    },
  }
  const arrived = new Set<number>()
  const source$ = of(...all).pipe(
    mergeMap(each =>
      timer(each.at, scheduler).pipe(
        map(() => {
          arrived.add(each.id)
          return each
        }),
      ),
    ),
  )
  source$.pipe(boundedMap(work, options)).subscribe({
    next: result => seen.results.push(result),
    error: (error: unknown) => (end = error),
    complete: () => (end = 'complete'),
  })
  scheduler.flush()
  return { ...seen, end, mostRunning, overlapping, idleSlots }
}

/** The results one after the other over so many milliseconds, the last at the end. */
const spread$ = (results: readonly Result[], ms: number, scheduler: VirtualTimeScheduler): Observable<Result> =>
  results.length === 0
    ? timer(ms, scheduler).pipe(mergeMap(() => []))
    : concat(...results.map(result => timer(ms / results.length, scheduler).pipe(map(() => result))))

const ids = (results: readonly Result[]) => results.map(({ id }) => id)
const ascending = (numbers: readonly number[]) => numbers.every((n, i) => i === 0 || (numbers[i - 1] ?? 0) <= n)

it('keeps its promises, whatever comes when and however long it takes', () => {
  fc.assert(
    fc.property(items, settings, (all, chosen) => {
      const ran = run(all, chosen)
      const { results, started, dropped, loads } = ran

      // It ends, never does more at once than allowed, nothing of one key overlaps, and no slot is idle in vain.
      expect(ran.end).toBe('complete')
      expect(ran.mostRunning).toBeLessThanOrEqual(chosen.concurrency)
      expect(ran.overlapping).toBe(false)
      expect(ran.idleSlots).toBe(false)

      // Every item is done or dropped, once. It drops only where there is a limit.
      expect([...started, ...dropped].sort((a, b) => a - b)).toEqual(all.map(({ id }) => id))
      if (chosen.count === Infinity && chosen.bytes === Infinity) expect(dropped).toEqual([])

      // Every item has all its results, in their order; a dropped one has the one in its place.
      for (const each of all) {
        const own = results.filter(({ id }) => id === each.id)
        if (!dropped.includes(each.id)) expect(own.map(({ number }) => number)).toEqual([...Array(each.results).keys()])
        else expect(own).toEqual(chosen.replaced ? [{ id: each.id, number: 0, dropped: true }] : [])
      }

      // Order: of starts within a key, or of all starts; of all results if asked for.
      const startsOf = (key: number) => started.filter(id => all[id]?.key === key)
      if (chosen.keyed) for (const { key } of all) expect(ascending(startsOf(key))).toBe(true)
      else expect(ascending(started)).toBe(true)
      if (chosen.order === 'source') expect(ascending(ids(results))).toBe(true)

      // What waits stays within the limits. (An item that waited as one may have three results to hold.)
      for (const load of loads) {
        expect(load.waiting).toBeLessThanOrEqual(chosen.count)
        expect(load.waiting + load.held).toBeLessThanOrEqual(3 * (chosen.count + chosen.concurrency))
        expect(load.waitingBytes).toBeLessThanOrEqual(chosen.bytes)
        expect(load.active).toBeLessThanOrEqual(chosen.concurrency)
      }
      expect(loads.at(-1)).toEqual({ active: 0, waiting: 0, waitingBytes: 0, held: 0 })
    }),
    { numRuns: 500 },
  )
})

it('stops wherever it is unsubscribed: nothing starts, nothing runs, nothing is said any more', () => {
  fc.assert(
    fc.property(items, settings, fc.integer({ min: 0, max: 30 }), (all, chosen, stopAt) => {
      const scheduler = new VirtualTimeScheduler()
      let running = 0
      let stopped = false
      let after = 0
      const work = (each: Item) => {
        if (stopped) after++
        return new Observable<number>(subscriber => {
          running++
          const ran = timer(each.ms, scheduler).subscribe(subscriber)
          return () => {
            running--
            ran.unsubscribe()
          }
        })
      }
      const subscription = range(0, all.length)
        .pipe(
          mergeMap(i => timer(all[i]?.at ?? 0, scheduler).pipe(map(() => all[i] as Item))),
          boundedMap(work, {
            concurrency: chosen.concurrency,
            order: chosen.order,
            keyBy: chosen.keyed ? each => each.key : undefined,
          }),
        )
        .subscribe(() => {
          if (stopped) after++
        })
      timer(stopAt, scheduler).subscribe(() => {
        subscription.unsubscribe()
        stopped = true
      })
      scheduler.flush()
      expect([running, after]).toEqual([0, 0])
    }),
    { numRuns: 200 },
  )
})
