import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { consumeTimestamp, parseConsumeTimestamp } from '../../src/protocol/consume-timestamp.ts'
import { inTimeZone } from '../support/time-zone.ts'

describe('a time where to begin', () => {
  it('is read back to the second', () => {
    inTimeZone('UTC', () => {
      fc.assert(
        fc.property(fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }), ms => {
          expect(parseConsumeTimestamp(consumeTimestamp(ms))).toBe(Math.floor(ms / 1_000) * 1_000)
        }),
      )
    })
  })

  it('is the hour after when the clock skips the one it names', () => {
    inTimeZone('Europe/Berlin', () => {
      expect(consumeTimestamp(parseConsumeTimestamp('20240331023000'))).toBe('20240331033000')
    })
  })

  it.each(['', '2025091909254', '202509190925400', '20251319092540', '20250230000000', '20250919242540', '2025-09-19'])(
    'is not "%s"',
    text => {
      expect(() => parseConsumeTimestamp(text)).toThrow(
        expect.objectContaining({
          code: 'ERR_RMQ_ILLEGAL',
          message: expect.stringContaining('yyyyMMddHHmmss') as string,
        }),
      )
    },
  )

  it.each([NaN, Infinity, 1e15])('cannot be %d ms', ms => {
    expect(() => consumeTimestamp(ms)).toThrow(expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL' }))
  })
})
