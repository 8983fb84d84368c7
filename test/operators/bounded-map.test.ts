import {
  concat,
  EMPTY,
  Observable,
  Subscriber,
  from,
  lastValueFrom,
  NEVER,
  of,
  range,
  Subject,
  take,
  timer,
  toArray,
  type ObservableInput,
} from 'rxjs'
import { describe, expect, it, vi } from 'vitest'
import { boundedMap, type BoundedMapOptions, type Load } from '../../src/operators/bounded-map.ts'
import { collected } from './collected.ts'

const MANY = 100_000

describe('boundedMap and what it is given', () => {
  it('takes whatever can be turned into an Observable', async () => {
    const works: ObservableInput<string>[] = [['array'], of('observable'), Promise.resolve('promise'), new Set(['set'])]
    const values$ = from(works).pipe(
      boundedMap(work => work, { concurrency: 1 }),
      toArray(),
    )
    expect(await lastValueFrom(values$)).toEqual(['array', 'observable', 'promise', 'set'])
  })

  it('does not subscribe anything for a work that returns an array', () => {
    const subscribe = vi.spyOn(Observable.prototype, 'subscribe')
    const heard = collected(range(0, 100), n => Object.freeze([n]) as number[], { concurrency: 1 })
    const subscriptions = subscribe.mock.calls.length
    subscribe.mockRestore()
    expect(heard).toEqual({ values: [...Array(100).keys()], end: 'complete' })
    expect(subscriptions).toBe(2) // to the result and to the source
  })

  it('numbers the items', () => {
    const heard: string[] = []
    from(['a', 'b'])
      .pipe(boundedMap((item, index) => [`${item}${index}`], { concurrency: 1 }))
      .subscribe(s => heard.push(s))
    expect(heard).toEqual(['a0', 'b1'])
  })

  const broken = new Error('broken')
  const throws = () => {
    throw broken
  }
  it.each<[string, BoundedMapOptions<number, number>]>([
    ['keyBy', { concurrency: 1, keyBy: throws }],
    ['concurrency', { concurrency: throws }],
    ['bytesOf', { concurrency: 1, buffer: { bytesOf: throws } }],
    ['onDrop', { concurrency: 1, buffer: { count: 0, overflow: 'drop-newest', onDrop: throws } }],
    ['resultOfDropped', { concurrency: 1, buffer: { count: 0, overflow: 'drop-newest', resultOfDropped: throws } }],
    ['onLoad', { concurrency: 1, onLoad: load => (load.active > 1 ? undefined : load.active > 0 && throws()) }],
    ['putBack', { concurrency: 1, until$: timer(0), putBack: throws }],
  ])('fails with what %s throws, and stops what runs', async (_, options) => {
    const work = new Subject<number>()
    const source = new Subject<number>()
    const heard = collected(source, () => work, options)
    for (let n = 0; n < 3; n++) source.next(n)
    await lastValueFrom(timer(2))
    expect(heard.end).toBe(broken)
    expect([work.observed, source.observed]).toEqual([false, false])
  })

  it('fails with a work that returns nothing to subscribe to', () => {
    const heard = collected([1], () => undefined as never, { concurrency: 1 })
    expect(heard.end).toBeInstanceOf(TypeError)
  })

  it('says which limit is full', () => {
    const errors: string[] = []
    const say = (error: unknown) => errors.push(String(error))
    range(0, 9)
      .pipe(boundedMap(() => NEVER, { concurrency: 1, buffer: { count: 5, name: 'queue of sends' } }))
      .subscribe({ error: say })
    range(0, 9)
      .pipe(boundedMap(() => NEVER, { concurrency: 1, buffer: { bytes: 7, bytesOf: () => 2 } }))
      .subscribe({ error: say })
    expect(errors).toEqual([
      'RocketError: queue of sends (items) is full: the limit is 5',
      'RocketError: buffer of boundedMap (bytes) is full: the limit is 7',
    ])
  })

  it('tells what it holds, and at the end that it holds nothing', () => {
    const loads: Load[] = []
    const inner = new Subject<number>()
    const buffer = { bytesOf: () => 10 }
    const subscription = range(0, 3)
      .pipe(boundedMap(() => inner.pipe(take(1)), { concurrency: 1, buffer, onLoad: load => loads.push(load) }))
      .subscribe()
    expect(loads.at(-1)).toEqual({ active: 1, waiting: 2, waitingBytes: 20, held: 0 })
    inner.next(1)
    expect(loads.at(-1)).toEqual({ active: 1, waiting: 1, waitingBytes: 10, held: 0 })
    subscription.unsubscribe()
    expect(loads.at(-1)).toEqual({ active: 0, waiting: 0, waitingBytes: 0, held: 0 })
  })

  it('tells at once that it holds nothing that was put back', () => {
    const loads: Load[] = []
    const stop = new Subject<void>()
    const options = {
      concurrency: 1,
      buffer: { bytesOf: () => 10 },
      until$: stop,
      onLoad: (load: Load) => loads.push(load),
    }
    concat(range(0, 3), NEVER)
      .pipe(boundedMap(() => NEVER, options))
      .subscribe()
    stop.next()
    expect(loads.at(-1)).toEqual({ active: 1, waiting: 0, waitingBytes: 0, held: 0 })
  })

  it('keeps each subscription apart', () => {
    const out$ = from(['a', 'b']).pipe(
      boundedMap((item, index) => [`${item}${index}`], { concurrency: 1, keyBy: () => 1 }),
    )
    const heard: string[] = []
    out$.subscribe(value => heard.push(value))
    out$.subscribe(value => heard.push(value))
    expect(heard).toEqual(['a0', 'b1', 'a0', 'b1'])
  })
})

describe('boundedMap and memory', () => {
  it('remembers no work that has ended', () => {
    const source = new Subject<number>()
    const subscription = source.pipe(boundedMap(n => of(n), { concurrency: 1 })).subscribe()
    for (let n = 0; n < 1000; n++) source.next(n)
    const unsubscribe = vi.spyOn(Subscriber.prototype, 'unsubscribe')
    subscription.unsubscribe()
    const told = unsubscribe.mock.calls.length
    unsubscribe.mockRestore()
    expect(told).toBeLessThan(20)
  })

  it('lets only the newest wait behind a slow head, and says them in order, if the oldest are to give way', () => {
    const source = new Subject<number>()
    const loads: Load[] = []
    const head = new Subject<number>()
    const buffer = { count: 10, overflow: 'drop-oldest' } as const
    const options = { concurrency: 1, order: 'source', buffer, onLoad: (load: Load) => loads.push(load) } as const
    const heard: number[] = []
    source.pipe(boundedMap(n => (n === 0 ? head : [n]), options)).subscribe(n => heard.push(n))
    for (let n = 0; n < MANY; n++) source.next(n)
    expect(Math.max(...loads.slice(-1000).map(load => load.waiting + load.held))).toBe(10)
    head.complete()
    expect(heard).toEqual(Array.from({ length: 10 }, (_, i) => MANY - 10 + i))
  })

  it('does 100,000 that waited in one line in time that grows with their number only', () => {
    const first = new Subject<number>()
    const start = performance.now()
    const heard = collected<number, number>(range(0, MANY), n => (n === 0 ? first : EMPTY), { concurrency: 1 })
    first.complete()
    expect(heard.end).toBe('complete')
    expect(performance.now() - start).toBeLessThan(2000) // Array.shift takes longer than that for the shifting alone
  })
})
