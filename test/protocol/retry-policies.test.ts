import { describe, expect, it } from 'vitest'
import { retryDelayMs } from '../../src/protocol/bodies/retry-policies.ts'

const delays = (policy: Parameters<typeof retryDelayMs>[0], times: readonly number[]): readonly number[] =>
  times.map(reconsumeTimes => retryDelayMs(policy, reconsumeTimes))

describe('a group that retries', () => {
  it('waits 10 s, 30 s, 1 min and at last 2 h unless it was told otherwise', () => {
    const usual = [10_000, 30_000, 60_000, 7_200_000, 7_200_000]
    expect(delays({ type: 'CUSTOMIZED' }, [0, 1, 2, 15, 99])).toEqual(usual)
    expect(delays({ type: 'CUSTOMIZED', next: [] }, [0, 1, 2, 15, 99])).toEqual(usual)
  })

  it('waits by its own list from the third time on, and the last time of it at the end', () => {
    expect(delays({ type: 'CUSTOMIZED', next: [1, 2, 3, 4] }, [0, 1, 2])).toEqual([3, 4, 4])
    expect(delays({ type: 'CUSTOMIZED', next: [7] }, [0, 5])).toEqual([7, 7])
  })

  it('waits longer each time up to a limit', () => {
    const policy = { type: 'EXPONENTIAL', initial: 5_000, max: 60_000, multiplier: 2 } as const
    expect(delays(policy, [0, 1, 2, 3, 4, 1_000])).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000])
  })

  it('stops waiting longer with the 32nd time, whatever the limit', () => {
    const policy = { type: 'EXPONENTIAL', initial: 1, max: Number.MAX_SAFE_INTEGER, multiplier: 2 } as const
    expect(delays(policy, [31, 32, 33])).toEqual([2 ** 31, 2 ** 32, 2 ** 32])
  })

  it('waits as at first for a message that says a negative number of times', () => {
    expect(delays({ type: 'CUSTOMIZED' }, [-1])).toEqual([10_000])
    expect(delays({ type: 'EXPONENTIAL', initial: 5, max: 60, multiplier: 3 }, [-7])).toEqual([5])
  })
})
