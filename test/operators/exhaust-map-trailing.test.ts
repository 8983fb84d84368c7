import { from, of, range, Subject, take, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { exhaustMapTrailing } from '../../src/operators/exhaust-map-trailing.ts'

describe('exhaustMapTrailing', () => {
  it('does 100,000 runs that end at once, each of which asks for the next', () => {
    const triggers = new Subject<number>()
    let runs = 0
    triggers
      .pipe(
        exhaustMapTrailing(n => of(n).pipe(tap(() => runs++))),
        take(100_000),
      )
      .subscribe(n => triggers.next(n + 1))
    triggers.next(0)
    expect(runs).toBe(100_000)
  })

  it('takes 100,000 triggers at once', () => {
    let runs = 0
    range(0, 100_000)
      .pipe(exhaustMapTrailing(n => [n]))
      .subscribe(() => runs++)
    expect(runs).toBe(100_000)
  })

  it('stops a source and a run that would never return from subscribe', () => {
    const seen: number[] = []
    range(0, Infinity)
      .pipe(
        exhaustMapTrailing(() => range(0, Infinity)),
        take(3),
      )
      .subscribe(n => seen.push(n))
    expect(seen).toEqual([0, 1, 2])
  })

  it('asks the run for its trigger and its number', () => {
    const seen: string[] = []
    from(['a', 'b'])
      .pipe(exhaustMapTrailing((trigger, index) => [`${trigger}${index}`]))
      .subscribe(s => seen.push(s))
    expect(seen).toEqual(['a0', 'b1'])
  })
})
