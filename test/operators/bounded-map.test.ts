import {
  concat,
  EMPTY,
  Observable,
  Subscriber,
  tap,
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
import { isRocketError } from '../../src/errors.ts'
import { boundedMap, type BoundedMapOptions, type Load } from '../../src/operators/bounded-map.ts'

const MANY = 100_000

/** What comes out, put together as it comes. */
const collected = <T, R>(
  source: ObservableInput<T>,
  work: (item: T) => ObservableInput<R>,
  options: BoundedMapOptions<T, R>,
) => {
  const heard: { values: R[]; end: unknown } = { values: [], end: undefined }
  from(source)
    .pipe(boundedMap(work, options))
    .subscribe({
      next: value => heard.values.push(value),
      error: (error: unknown) => (heard.end = isRocketError(error) ? error.code : error),
      complete: () => (heard.end = 'complete'),
    })
  return heard
}

describe('boundedMap and the stack', () => {
  it.each([
    ['results in order of completion', {}],
    ['results in order of the source', { order: 'source' }],
    ['a key each', { keyBy: (n: number) => n }],
    ['one key', { keyBy: () => 'same' }],
    ['one key, results in order of the source', { keyBy: () => 'same', order: 'source' }],
  ] as const)('starts 100,000 that end at once and waited for one that did not: %s', (_, options) => {
    const first = new Subject<number>()
    const heard = collected(range(0, MANY), n => (n === 0 ? first : of(n)), { concurrency: 1, ...options })
    expect(heard.values).toEqual([])
    first.next(0)
    first.complete()
    expect(heard.values).toEqual(Array.from({ length: MANY }, (_, n) => n))
    expect(heard.end).toBe('complete')
  })

  it('starts 100,000 that end at once behind a slow head, and says all in order', () => {
    const first = new Subject<number>()
    const heard = collected(range(0, MANY), n => (n === 0 ? first : [n]), { concurrency: 2, order: 'source' })
    expect(heard.values).toEqual([])
    first.next(0)
    first.complete()
    expect(heard.values).toEqual(Array.from({ length: MANY }, (_, n) => n))
    expect(heard.end).toBe('complete')
  })

  it.each([
    ['arrays', (n: number) => [n]],
    ['Observables', (n: number) => of(n)],
  ])('is fed from within its own results 100,000 times: %s', (_, work) => {
    const source = new Subject<number>()
    let last = -1
    source.pipe(boundedMap(work, { concurrency: 1 })).subscribe(n => {
      last = n
      if (n < MANY) source.next(n + 1)
    })
    source.next(0)
    expect(last).toBe(MANY)
  })

  it('lets later stages hear first what came first, also if the source answers from within', () => {
    const source = new Subject<number>()
    const heard: string[] = []
    const out = new Subject<number>()
    out.subscribe(n => {
      if (n < 3) source.next(n + 1)
    })
    out.subscribe(n => heard.push(`second listener ${n}`))
    source.pipe(boundedMap(n => [n, n + 100], { concurrency: 1 })).subscribe(out)
    source.next(1)
    expect(heard).toEqual([1, 101, 2, 102, 3, 103].map(n => `second listener ${n}`))
  })

  it('says first what was said before a failure, also if that came from within', () => {
    const source = new Subject<string>()
    const other = new Subject<string>()
    const heard: string[] = []
    source.pipe(boundedMap(item => (item === 'other' ? other : ['first']), { concurrency: 2 })).subscribe({
      next: value => {
        heard.push(value)
        if (value !== 'first') return
        other.next('second')
        other.error(new Error('third'))
        heard.push('end of first')
      },
      error: (error: unknown) => heard.push(String(error)),
    })
    source.next('other')
    source.next('item')
    expect(heard).toEqual(['first', 'end of first', 'second', 'Error: third'])
    expect(source.observed).toBe(false)
  })

  it('keeps the order of the source also if a work goes on and ends while its first results are heard', () => {
    const works = { a: new Subject<string>(), b: new Subject<string>(), c: new Subject<string>() }
    const heard: string[] = []
    const out$ = from(['a', 'b', 'c'] as const).pipe(
      boundedMap(name => works[name], { concurrency: 3, order: 'source' }),
    )
    out$.subscribe(value => {
      heard.push(value)
      if (value !== 'b1') return
      works.b.next('b3')
      works.b.complete()
      works.c.next('c2')
    })
    works.b.next('b1')
    works.b.next('b2')
    works.c.next('c1')
    works.a.complete()
    works.c.next('c3')
    expect(heard).toEqual(['b1', 'b2', 'b3', 'c1', 'c2', 'c3'])
  })

  it('gives room to what comes from within a result: to what can start, and to what may wait', () => {
    const source = new Subject<number>()
    const heard: number[] = []
    const dropped: number[] = []
    const buffer = { count: 1, overflow: 'drop-newest', onDrop: (n: number) => dropped.push(n) } as const
    source.pipe(boundedMap(n => [n], { concurrency: 2, buffer })).subscribe(n => {
      heard.push(n)
      if (n === 0) for (let more = 1; more < 5; more++) source.next(more)
    })
    source.next(0)
    expect([heard, dropped]).toEqual([
      [0, 1, 2],
      [3, 4],
    ])
  })

  it('starts nothing while somebody still hears a result, so that all can be stopped', () => {
    const source = new Subject<string>()
    const slow = new Subject<number>()
    const heard: number[] = []
    let said = 0
    const many = range(0, 1000).pipe(tap(() => said++))
    const out$ = source.pipe(
      boundedMap(item => (item === 'many' ? many : slow), { concurrency: 2 }),
      take(3),
    )
    out$.subscribe(value => {
      heard.push(value)
      if (value === -1) source.next('many')
    })
    source.next('slow')
    slow.next(-1)
    expect([heard, said]).toEqual([[-1, 0, 1], 2])
  })

  it('starts nothing more and holds nothing once the listener has had enough', () => {
    const first = new Subject<number>()
    let started = 0
    const loads: Load[] = []
    const work = (n: number) => {
      started++
      return n === 0 ? first : [n]
    }
    const seen: number[] = []
    const out$ = range(0, 10).pipe(boundedMap(work, { concurrency: 1, onLoad: load => loads.push(load) }), take(2))
    out$.subscribe(n => seen.push(n))
    first.complete()
    expect([seen, started]).toEqual([[1, 2], 3])
    expect(loads.at(-1)).toEqual({ active: 0, waiting: 0, waitingBytes: 0, held: 0 })
  })

  it('stops a source and a work that would never return from subscribe', () => {
    const endless = range(0, Infinity)
    const heard = collected(
      endless.pipe(
        boundedMap(() => endless, { concurrency: 1 }),
        take(3),
      ),
      n => [n],
      { concurrency: 1 },
    )
    expect(heard).toEqual({ values: [0, 1, 2], end: 'complete' })
    const ofArrays = collected(
      endless.pipe(
        boundedMap(n => [n, n], { concurrency: 1 }),
        take(3),
      ),
      n => [n],
      { concurrency: 1 },
    )
    expect(ofArrays).toEqual({ values: [0, 0, 1], end: 'complete' })
  })
})

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
