import { NEVER, of } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { createPermits } from '../../src/operators/permits.ts'

const NOTHING = (): readonly string[] => []

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
