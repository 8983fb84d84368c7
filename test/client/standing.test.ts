import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HEALTH_DEFAULTS } from '../../src/client/health-options.ts'
import { nextStanding, WELL, type HealthPolicy, type Standing, type StandingEvent } from '../../src/client/standing.ts'

/** `s` succeeded, `f` failed, `b` a heartbeat failed, `R` recovered, `S` suspended until 100, `c` the clock is 99, `C` 100. */
const EVENTS: Readonly<Record<string, StandingEvent>> = {
  s: { type: 'succeeded' },
  f: { type: 'failed' },
  b: { type: 'beat-failed' },
  R: { type: 'recovered' },
  S: { type: 'suspended', until: 100 },
  c: { type: 'clock', at: 99 },
  C: { type: 'clock', at: 100 },
}
const eventOf = (letter: string): StandingEvent => EVENTS[letter] ?? { type: 'recovered' }
const after = (letters: string, policy: HealthPolicy = HEALTH_DEFAULTS): Standing =>
  Array.from(letters, eventOf).reduce(nextStanding(policy), WELL)

describe('a broker', () => {
  it.each([
    ['', 'healthy'],
    ['ff', 'healthy'],
    ['fff', 'degraded'],
    ['ffff', 'degraded'],
    ['fffff', 'unhealthy'],
    ['ffsff', 'healthy'],
    ['fffsff', 'degraded'],
    ['fffsffff', 'degraded'],
    ['fffsfffff', 'unhealthy'],
    ['fffssss', 'degraded'],
    ['fffsssss', 'healthy'],
    ['fffffssss', 'unhealthy'],
    ['fffffsssss', 'healthy'],
    ['fffffssssfsssss', 'healthy'],
    ['fffffssssfssss', 'unhealthy'],
    ['fffffsf', 'unhealthy'],
    ['fffffR', 'healthy'],
    ['fffffRff', 'healthy'],
    ['b', 'degraded'],
    ['bbbbbbbbb', 'degraded'],
    ['bsssss', 'healthy'],
    ['bsssbss', 'degraded'],
    ['ffbf', 'degraded'],
    ['S', 'suspended'],
    ['Sfffff', 'suspended'],
    ['Sssssss', 'suspended'],
    ['Sb', 'suspended'],
    ['Sc', 'suspended'],
    ['SC', 'healthy'],
    ['fffffSC', 'healthy'],
    ['SR', 'healthy'],
    ['fffC', 'degraded'],
  ])('after "%s" is %s', (letters, state) => {
    expect(after(letters).state).toBe(state)
  })

  it.each([
    ['count', 'bbb', 'degraded'],
    ['count', 'bbbbb', 'unhealthy'],
    ['ignore', 'bbbbb', 'healthy'],
    ['ignore', 'fffffbsbsbsbsbs', 'healthy'],
  ] as const)('whose heartbeats %s is after "%s" %s', (heartbeatFailure, letters, state) => {
    expect(after(letters, { ...HEALTH_DEFAULTS, heartbeatFailure }).state).toBe(state)
  })

  it('is no other object after a success that changes nothing', () => {
    expect(after('sss')).toBe(WELL)
  })

  const run = fc.integer({ min: 1, max: 6 })
  const policy = fc
    .record({ degradedAfter: run, more: fc.nat(4), healthyAfter: run })
    .map(({ degradedAfter, more, healthyAfter }): HealthPolicy => ({
      degradedAfter,
      unhealthyAfter: degradedAfter + more,
      healthyAfter,
      heartbeatFailure: 'degrade',
    }))
  const history = fc.string({ unit: fc.constantFrom('s', 'f', 'b', 'R', 'S', 'c'), maxLength: 60 })

  it('is healthy after enough successes in a row, unhealthy after enough failures, whatever was before', () => {
    fc.assert(
      fc.property(history, policy, (before, rules) => {
        expect(after(`${before}Cs${'s'.repeat(rules.healthyAfter)}`, rules).state).toBe('healthy')
        expect(after(`${before}C${'f'.repeat(rules.unhealthyAfter)}`, rules).state).toBe('unhealthy')
      }),
    )
  })

  it('never has both runs, and no run that should have had its effect', () => {
    fc.assert(
      fc.property(history, policy, (letters, rules) => {
        const { state, successes, failures } = after(letters, rules)
        expect(Math.min(successes, failures)).toBe(0)
        expect(successes).toBeLessThan(rules.healthyAfter)
        if (failures >= rules.unhealthyAfter) expect(state).toBe('unhealthy')
        if (state === 'healthy') expect(failures).toBeLessThan(rules.degradedAfter)
      }),
    )
  })

  it('is never made unhealthy by heartbeats, and suspended by nothing but a suspension', () => {
    const noFailures = fc.string({ unit: fc.constantFrom('s', 'b', 'R', 'c'), maxLength: 60 })
    fc.assert(
      fc.property(noFailures, policy, (letters, rules) => {
        expect(['healthy', 'degraded']).toContain(after(letters, rules).state)
      }),
    )
  })
})
