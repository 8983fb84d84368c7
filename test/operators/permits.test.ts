import fc from 'fast-check'
import { EMPTY, NEVER, of, Subject, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { createPermits } from '../../src/operators/permits.ts'

const NOTHING = (): readonly string[] => []

/** What happens to permits: somebody comes, one of those at work ends or leaves, one who waits leaves, the limit changes. */
const events = fc.array(
  fc.oneof(
    fc.constant({ what: 'comes', n: 0 } as const),
    fc.record({ what: fc.constantFrom('ends', 'fails', 'leaves', 'gives up' as const), n: fc.nat() }),
    fc.record({ what: fc.constant('limit' as const), n: fc.nat(5) }),
  ),
  { maxLength: 60 },
)

describe('permits', () => {
  it('are never more than the limit, none is lost, and who waits longest is next', () => {
    fc.assert(
      fc.property(events, steps => {
        let limit = 2
        const permits = createPermits(() => limit)
        const atWork: { readonly id: number; readonly end: Subject<void> }[] = []
        const waiting: number[] = []
        const leaves = new Map<number, () => void>()
        let came = 0
        const come = (): void => {
          const id = came++
          waiting.push(id)
          const work = () => {
            expect(waiting.shift()).toBe(id)
            const end = new Subject<void>()
            atWork.push({ id, end })
            return end
          }
          const subscription = permits.within$(work).subscribe({ error: () => undefined })
          leaves.set(id, () => subscription.unsubscribe())
        }
        for (const { what, n } of steps) {
          const before = atWork.length
          const worker = before === 0 ? undefined : atWork[n % before]
          const idle = waiting.length === 0 ? undefined : waiting[n % waiting.length]
          const gone = (): void =>
            void atWork.splice(
              atWork.findIndex(one => one === worker),
              1,
            )
          if (what === 'comes') come()
          else if (what === 'limit') {
            limit = n
            permits.recheck()
          } else if (what === 'gives up') {
            if (idle === undefined) continue
            waiting.splice(waiting.indexOf(idle), 1)
            leaves.get(idle)?.()
          } else if (worker !== undefined) {
            gone()
            if (what === 'ends') worker.end.complete()
            else if (what === 'fails') worker.end.error(new Error('x'))
            else leaves.get(worker.id)?.()
          }
          const most = Math.max(1, limit)
          expect(atWork.length).toBeLessThanOrEqual(Math.max(most, before)) // a lower limit ends nobody
          if (waiting.length > 0) expect(atWork.length).toBeGreaterThanOrEqual(most)
        }
      }),
    )
  })

  it('come back at once from work that ends, or fails, within its start: however many wait, and without a stack', () => {
    const permits = createPermits(() => 1)
    const first = new Subject<void>()
    let done = 0
    permits.within$(() => first).subscribe()
    for (let n = 0; n < 20_000; n++) {
      const works = [EMPTY, of(1), throwError(() => new Error('x'))]
      permits.within$(() => works[n % 3]!).subscribe({ complete: () => done++, error: () => done++ })
    }
    expect(done).toBe(0)
    first.complete()
    expect(done).toBe(20_000)
  })

  it('are refused to all who wait, and to who comes later, once they are closed; who works goes on', () => {
    const permits = createPermits(() => 1)
    const work = new Subject<string>()
    const said: string[] = []
    const note = (name: string) => ({
      next: (word: string) => said.push(`${name} ${word}`),
      complete: () => said.push(`${name} completes`),
    })
    permits.within$(() => work).subscribe(note('first'))
    permits.within$(() => ['never']).subscribe(note('second'))
    permits.close()
    permits.within$(() => ['never']).subscribe(note('third'))
    work.next('works')
    work.complete()
    expect(said).toEqual(['second completes', 'third completes', 'first works', 'first completes'])
  })
})

describe('a permit that is asked for at once', () => {
  it('is given back by work that returns an array, which is the result', () => {
    const permits = createPermits(() => 1)
    expect(permits.atOnce$(() => ['a'])).toEqual(['a'])
    expect(permits.atOnce$(() => ['b'])).toEqual(['b'])
  })

  it('is held by work that goes on, until it is unsubscribed or over', () => {
    const permits = createPermits(() => 1)
    const began: string[] = []
    const running = (permits.atOnce$(() => NEVER) as typeof NEVER).subscribe()
    expect(permits.atOnce$(NOTHING)).toBeUndefined()
    permits.within$(() => of(began.push('waiting'))).subscribe()
    expect(began).toEqual([])
    running.unsubscribe()
    expect(began).toEqual(['waiting'])
    expect(permits.atOnce$(NOTHING)).toEqual([])
  })

  it('is not to be had while work itself runs', () => {
    const permits = createPermits(() => 1)
    let inside: unknown = 'not asked'
    const result = permits.atOnce$(() => {
      inside = permits.atOnce$(NOTHING)
      return ['done']
    })
    expect(result).toEqual(['done'])
    expect(inside).toBeUndefined()
  })

  it('is given back by work that throws', () => {
    const permits = createPermits(() => 1)
    const failing = (): readonly string[] => {
      throw new Error('no work')
    }
    expect(() => permits.atOnce$(failing)).toThrow('no work')
    expect(permits.atOnce$(NOTHING)).toEqual([])
  })

  it('is not to be had after the end', () => {
    const permits = createPermits(() => 1)
    permits.close()
    expect(permits.atOnce$(NOTHING)).toBeUndefined()
  })
})
