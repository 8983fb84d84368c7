import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countFailure, countSuccess, expectedLatency, noCounts, successRate } from '../../src/client/broker-counts.ts'
import { rankOf, type Rank } from '../../src/client/broker-health.ts'
import { nextFault, type LatencyFault } from '../../src/client/latency-fault.ts'
import type { HealthState } from '../../src/client/standing.ts'
import { speaksAgainst } from '../../src/client/blame.ts'
import { connectionLost, illegal, notConnected, overflow, requestTimeout, RocketError } from '../../src/errors.ts'

describe('the counters of a broker', () => {
  it('say 1 for the share of successes while nothing was asked', () => {
    expect(successRate(noCounts())).toBe(1)
  })

  it('are of requests, failures, latencies and times', () => {
    const counts = noCounts()
    countSuccess(counts, 10, 1)
    countFailure(counts, 2)
    countSuccess(counts, 30, 3)
    expect(counts).toEqual({
      requests: 3,
      failed: 1,
      successRun: 1,
      averageLatencyMs: 20,
      maxLatencyMs: 30,
      lastSuccessAt: 3,
      lastFailureAt: 2,
    })
    expect(successRate(counts)).toBeCloseTo(2 / 3)
  })

  it('have the mean of up to a hundred latencies, and follow what changed later', () => {
    const latencies = fc.array(fc.nat(1_000), { minLength: 1, maxLength: 100 })
    fc.assert(
      fc.property(latencies, fc.nat(1_000), (all, later) => {
        const counts = noCounts()
        for (const ms of all) countSuccess(counts, ms, 0)
        expect(counts.averageLatencyMs).toBeCloseTo(all.reduce((sum, ms) => sum + ms, 0) / all.length)
        expect(counts.maxLatencyMs).toBe(Math.max(...all))
        for (let i = 0; i < 2_000; i++) countSuccess(counts, later, 0)
        expect(counts.averageLatencyMs).toBeCloseTo(later, 3)
      }),
      { numRuns: 20 },
    )
  })

  it('expect half of a latency after half a minute without an answer', () => {
    const counts = noCounts()
    expect(expectedLatency(counts, 5)).toBe(0)
    countSuccess(counts, 80, 1_000)
    expect([1_000, 31_000, 61_000].map(at => expectedLatency(counts, at))).toEqual([80, 40, 20])
  })
})

describe('how gladly a broker is used', () => {
  const fault = (availableFrom: number, reachable = true): LatencyFault => ({
    latencyMs: 600,
    availableFrom,
    reachable,
  })
  it.each<[Rank, HealthState, number, LatencyFault | undefined]>([
    [0, 'healthy', 0, undefined],
    [0, 'degraded', 1, undefined],
    [1, 'degraded', 2, undefined],
    [1, 'degraded', 10, undefined],
    [2, 'unhealthy', 0, undefined],
    [3, 'suspended', 0, undefined],
    [0, 'healthy', 0, fault(50)],
    [1, 'healthy', 0, fault(51)],
    [2, 'healthy', 0, fault(51, false)],
    [0, 'healthy', 0, fault(50, false)],
    [2, 'unhealthy', 0, fault(51)],
    [3, 'suspended', 0, fault(51)],
  ])('is %i: %s, %i of 10 failed, %j', (rank, state, failed, slow) => {
    const counts = { ...noCounts(), requests: 10, failed }
    expect(rankOf({ standing: { state, successes: 0, failures: 0 }, counts, fault: slow }, 50)).toBe(rank)
  })
})

describe('the time for which a slow broker is avoided', () => {
  const latency = (latencyMs: number, at: number, isolated = false) => ({ latencyMs, at, isolated, reachable: true })
  it('is made longer, and never shorter, by what comes later', () => {
    const slow = nextFault(undefined, latency(3_000, 0))
    expect(slow.availableFrom).toBe(6_000)
    expect(nextFault(slow, latency(1, 10)).availableFrom).toBe(6_000)
    expect(nextFault(slow, latency(600, 10)).availableFrom).toBe(6_000)
    expect(nextFault(slow, latency(600, 5_000)).availableFrom).toBe(7_000)
    expect(nextFault(slow, latency(1, 10, true)).availableFrom).toBe(10_010)
  })
})

describe('what speaks against a broker', () => {
  const answered = (responseCode: number, remark = ''): RocketError =>
    new RocketError('ERR_RMQ_BROKER', 'refused', { responseCode, remark })
  it.each<[boolean, string, RocketError]>([
    [true, 'no connection', notConnected('a:1')],
    [true, 'a lost connection', connectionLost('a:1', 'maybe')],
    [true, 'no answer in time', requestTimeout('a:1', 1, 10, 'maybe')],
    [true, 'a broker that is busy', answered(2)],
    [true, 'an error of the broker', answered(1)],
    [true, 'a broker that may not be written', answered(16)],
    [false, 'a message that is wrong', answered(13)],
    [false, 'credentials that are wrong', answered(1, 'AclException: check signature failed')],
    [false, 'a full buffer of ours', overflow('the buffer', 1)],
    [false, 'a wrong call', illegal('no')],
  ])('%s: %s', (speaks, _, error) => {
    expect(speaksAgainst(error)).toBe(speaks)
  })
})
