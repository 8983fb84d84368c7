import { BehaviorSubject, defer, EMPTY, finalize, of, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { shareState } from '../../src/operators/state.ts'

const watched = (linger?: () => Subject<unknown>) => {
  const source = new BehaviorSubject('a')
  const log: string[] = []
  const state$ = source.pipe(
    finalize(() => log.push('left')),
    shareState(linger),
  )
  const listen = (name: string) =>
    state$.subscribe({
      next: value => log.push(`${name} ${value}`),
      complete: () => log.push(`${name} complete`),
    })
  const isListened = () => source.observed
  return { next: (value: string) => source.next(value), complete: () => source.complete(), isListened, log, listen }
}

describe('shareState', () => {
  it('tells everyone the current value at once, from one subscription, left with the last', () => {
    const { next, isListened, log, listen } = watched()
    const x = listen('x')
    next('b')
    const y = listen('y')
    x.unsubscribe()
    next('c')
    y.unsubscribe()
    expect(log).toEqual(['x a', 'x b', 'y b', 'y c', 'left'])
    expect(isListened()).toBe(false)
  })

  it('stays subscribed until it need not linger any longer', () => {
    const linger = new Subject<unknown>()
    const { next, log, listen } = watched(() => linger)
    listen('x').unsubscribe()
    next('b')
    listen('y').unsubscribe()
    expect(log).toEqual(['x a', 'y b'])
    linger.next('enough')
    expect(log).toEqual(['x a', 'y b', 'left'])
  })

  it('lingers for nothing when the source has ended', () => {
    const linger = new Subject<unknown>()
    const { complete, log, listen } = watched(() => linger)
    listen('x')
    complete()
    expect(log).toEqual(['x a', 'x complete', 'left'])
    expect(linger.observed).toBe(false)
  })

  it('lingers again for a source that was begun anew', () => {
    let lingers = 0
    const sources = [new Subject<string>(), new Subject<string>()]
    let begun = 0
    const state$ = defer(() => sources[begun++] ?? EMPTY).pipe(
      shareState(() => {
        lingers++
        return of('enough')
      }),
    )
    state$.subscribe()
    sources[0]?.complete()
    state$.subscribe().unsubscribe()
    expect([begun, lingers, sources[1]?.observed]).toEqual([2, 1, false])
  })

  it('keeps a listener that comes after the end from old values', () => {
    const heard: string[] = []
    const once = new Subject<string>()
    const state$ = once.pipe(shareState())
    state$.subscribe()
    once.next('old')
    once.complete()
    state$.subscribe({ next: value => heard.push(value), complete: () => heard.push('complete') })
    expect(heard).toEqual(['complete'])
  })
})
