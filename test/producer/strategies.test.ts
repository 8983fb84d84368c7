import { NEVER, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { ReportedEvent } from '../../src/observability/events.ts'
import type { Select } from '../../src/producer/selection.ts'
import { createStrategies } from '../../src/producer/strategies.ts'

const following = () => {
  const selects = new Subject<Select>()
  const events: ReportedEvent[] = []
  const report = (event: ReportedEvent): unknown => events.push(event)
  const strategies = createStrategies(selects, { fallback: 'round-robin', group: 'g', closing$: NEVER, report })
  return { selects, events, strategies }
}

describe('the strategy of a producer', () => {
  it('is the one of the stream from the moment that it is given', () => {
    const { selects, strategies } = following()
    const mine = (): undefined => undefined
    const told = [strategies.current()]
    for (const next of ['random', mine, 'weighted'] as const) {
      selects.next(next)
      told.push(strategies.current())
    }
    expect(told).toEqual(['round-robin', 'random', mine, 'weighted'])
  })

  it('stays what it was when the stream gives what is none, fails or ends, and that is told', () => {
    const { selects, events, strategies } = following()
    selects.next('random')
    selects.next('sticky' as 'random')
    expect(strategies.current()).toBe('random')
    selects.next('weighted')
    const error = new Error('gone')
    selects.error(error)
    expect(strategies.current()).toBe('weighted')
    expect(events).toMatchObject([
      { type: 'select-failed', group: 'g', error: { code: 'ERR_RMQ_ILLEGAL' } },
      { type: 'select-failed', group: 'g', error },
    ])
    const ended = following()
    ended.selects.next('random')
    ended.selects.complete()
    expect([ended.strategies.current(), ended.events]).toEqual(['random', []])
  })

  it('is no longer followed once the producer is closed', () => {
    const { selects, strategies } = following()
    strategies.close()
    expect(selects.observed).toBe(false)
  })
})
