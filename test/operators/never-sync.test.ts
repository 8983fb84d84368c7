import {
  asapScheduler,
  concatMap,
  defer,
  from,
  lastValueFrom,
  mergeMap,
  NEVER,
  of,
  range,
  repeat,
  count,
  throwError,
} from 'rxjs'
import { describe, expect, it, vi } from 'vitest'
import { deferNeverSync, neverSync } from '../../src/operators/never-sync.ts'

const hop = () => new Promise(resolve => setImmediate(resolve))

describe('neverSync', () => {
  it('tells nothing inside subscribe: not a value, not an error, not the end', async () => {
    const heard: string[] = []
    const observer = (name: string) => ({
      next: () => heard.push(`${name} next`),
      error: () => heard.push(`${name} error`),
      complete: () => heard.push(`${name} complete`),
    })
    of(1).pipe(neverSync(asapScheduler)).subscribe(observer('one'))
    throwError(() => new Error('no'))
      .pipe(neverSync(asapScheduler))
      .subscribe(observer('two'))
    heard.push('subscribed')
    await hop()
    expect(heard).toEqual(['subscribed', 'one next', 'one complete', 'two error'])
  })

  it('never starts what is unsubscribed before the hop', async () => {
    let started = 0
    const operation$ = defer(() => of(++started)).pipe(neverSync(asapScheduler))
    operation$.subscribe().unsubscribe()
    operation$.subscribe()
    await hop()
    expect(started).toBe(1)
  })

  it('does each subscription by itself, in the order they came, in one hop for all', async () => {
    const schedule = vi.spyOn(asapScheduler, 'schedule')
    const order: number[] = []
    const later = neverSync<number>(asapScheduler)
    for (let i = 0; i < 100; i++)
      defer(() => of(i))
        .pipe(later)
        .subscribe(value => order.push(value))
    await hop()
    expect(order).toEqual(Array.from({ length: 100 }, (_, i) => i))
    expect(schedule).toHaveBeenCalledTimes(1)
    schedule.mockRestore()
  })

  it('starts what is subscribed within the hop in a hop of its own', async () => {
    const later = neverSync<string>(asapScheduler)
    const heard: string[] = []
    const inner$ = of('inner').pipe(later)
    const outer$ = of('outer').pipe(later)
    const hearInner = () => inner$.subscribe(value => heard.push(value))
    outer$.subscribe(value => {
      heard.push(value)
      hearInner()
      heard.push('subscribed')
    })
    await hop()
    expect(heard).toEqual(['outer', 'subscribed', 'inner'])
    inner$.subscribe(value => heard.push(`${value} again`))
    await hop()
    expect(heard).toEqual(['outer', 'subscribed', 'inner', 'inner again'])
  })

  it('stops a source that would never return from subscribe', async () => {
    let seen = 0
    const subscription = range(0, Infinity)
      .pipe(neverSync(asapScheduler))
      .subscribe(() => {
        if (++seen === 3) subscription.unsubscribe()
      })
    await hop()
    expect(seen).toBe(3)
  })

  it.each([
    [
      'concatMap',
      from(range(0, 20_000)).pipe(
        concatMap(n => of(n).pipe(neverSync(asapScheduler))),
        count(),
      ),
    ],
    [
      'mergeMap',
      from(range(0, 20_000)).pipe(
        mergeMap(n => of(n).pipe(neverSync(asapScheduler)), 8),
        count(),
      ),
    ],
    ['repeat', of(1).pipe(neverSync(asapScheduler), repeat(20_000), count())],
  ])('keeps %s from overflowing the stack', async (_, counted$) => {
    expect(await lastValueFrom(counted$)).toBe(20_000)
  })
})

describe('deferNeverSync', () => {
  it('makes the source after the hop, anew for each subscriber, and what making it throws is its error', async () => {
    const heard: string[] = []
    let made = 0
    const made$ = deferNeverSync<number>(asapScheduler)(() => {
      if (made++ === 1) throw new Error('the second cannot be made')
      return of(made)
    })
    for (let i = 0; i < 3; i++) {
      made$.subscribe({
        next: n => heard.push(`made ${n}`),
        error: (cause: unknown) => heard.push((cause as Error).message),
      })
    }
    heard.push('subscribed')
    await hop()
    expect(heard).toEqual(['subscribed', 'made 1', 'the second cannot be made', 'made 3'])
  })

  it('holds from being subscribed until it ends or is left', async () => {
    let holding = 0
    const held$ = deferNeverSync<number>(asapScheduler, () => {
      holding++
      return () => void holding--
    })
    held$(() => of(1)).subscribe()
    const left = held$(() => NEVER).subscribe()
    expect(holding).toBe(2)
    await hop()
    expect(holding).toBe(1)
    left.unsubscribe()
    expect(holding).toBe(0)
  })
})
