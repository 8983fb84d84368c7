import { tap, from, of, range, Subject, take } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { boundedMap, type Load } from '../../src/operators/bounded-map.ts'
import { collected } from './collected.ts'

const MANY = 100_000

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
