import { describe, expect, it } from 'vitest'
import { DEFAULT_DELAY_LEVELS, parseDelayLevels } from '../../src/protocol/delay-levels.ts'

describe('delay levels', () => {
  it('are times in ms, the first level first', () => {
    expect(parseDelayLevels('1s 2m 3h 4d')).toEqual([1_000, 120_000, 10_800_000, 345_600_000])
    expect(parseDelayLevels(DEFAULT_DELAY_LEVELS)).toHaveLength(18)
  })

  it('may be written with more white space than one blank', () => {
    expect(parseDelayLevels('  1s \t 5s\n')).toEqual([1_000, 5_000])
  })

  it('have units of the caller besides, if he wants', () => {
    expect(parseDelayLevels('20ms 1s', { ms: 1 })).toEqual([20, 1_000])
  })

  it.each(['', 'soon', '1', 's', '1.5s', '-1s', '100ms', '1constructor', '1234567890s'])(
    'that are written as "%s" are refused with the units there are',
    text => {
      expect(() => parseDelayLevels(text)).toThrow(
        expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL', message: expect.stringContaining('s, m, h, d') as string }),
      )
    },
  )

  it('are at most a thousand', () => {
    expect(parseDelayLevels('1s '.repeat(1_000))).toHaveLength(1_000)
    expect(() => parseDelayLevels('1s '.repeat(1_001))).toThrow('delayLevels has 1001 levels, the limit is 1000')
  })
})
