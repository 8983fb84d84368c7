import fc from 'fast-check'
import Long from 'long'
import { describe, expect, it } from 'vitest'
import { createUniqueIds, decodeOffsetId, encodeOffsetId, monthStart } from '../../src/protocol/messages/message-id.ts'

const ILLEGAL = expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL' }) as unknown
const SOURCE = { ip: '10.0.0.1', pid: 4242, random32: 7 }
const JANUARY = monthStart(Date.UTC(2025, 0, 15))
const FEBRUARY = monthStart(Date.UTC(2025, 1, 15))

/** The part of a unique key that holds the ms since the month began. */
const sinceMs = (id: string): number => parseInt(id.slice(20, 28), 16)
const counterOf = (id: string): number => parseInt(id.slice(28), 16)

describe('an offset id', () => {
  it('says where its message is stored', () => {
    const port = fc.integer({ min: 0, max: 65_535 })
    const address = fc.constantFrom('10.0.0.1', 'fe80::1', '255.255.255.255', '::')
    fc.assert(
      fc.property(address, port, fc.bigInt({ min: 0n, max: (1n << 63n) - 1n }), (ip, ipPort, offset) => {
        const id = encodeOffsetId({ address: ip, port: ipPort }, Long.fromString(offset.toString()))
        const { host, physicalOffset } = decodeOffsetId(id)
        expect(host).toEqual({ address: ip, port: ipPort })
        expect(physicalOffset.toString()).toBe(offset.toString())
      }),
    )
  })

  it.each(['', 'C0A8', 'C'.repeat(33), 'C'.repeat(55), 'C'.repeat(57)])('cannot be "%s"', id => {
    expect(() => decodeOffsetId(id)).toThrow(ILLEGAL)
  })
})

describe('unique ids', () => {
  it('count up within a millisecond and never repeat', () => {
    const next = createUniqueIds({ ...SOURCE, now: () => JANUARY + 5 })
    const ids = Array.from({ length: 65_536 }, next)
    expect(new Set(ids).size).toBe(65_536)
    expect(ids[0]).toBe('0A000001109200000007000000050000')
    expect(ids[65_535]).toMatch(/FFFF$/)
    expect(next()).toBe(ids[0])
  })

  it('begin the month again when it is over', () => {
    let nowMs = JANUARY + 1_000
    const next = createUniqueIds({ ...SOURCE, now: () => nowMs })
    expect(sinceMs(next())).toBe(1_000)
    nowMs = FEBRUARY - 1
    expect(sinceMs(next())).toBe(FEBRUARY - 1 - JANUARY)
    nowMs = FEBRUARY
    expect(sinceMs(next())).toBe(0)
    expect(counterOf(next())).toBe(3)
  })

  it('survive a clock that is set back', () => {
    let nowMs = FEBRUARY
    const next = createUniqueIds({ ...SOURCE, now: () => nowMs })
    nowMs = FEBRUARY - 999_999
    expect(sinceMs(next())).toBe(0)
    nowMs = FEBRUARY - 1_000_000
    expect(sinceMs(next())).toBe(FEBRUARY - 1_000_000 - JANUARY)
  })

  it('have 56 digits where the address is IPv6, and differ by the random number', () => {
    const make = (random32: number) => createUniqueIds({ ip: 'fe80::1', pid: 1, random32, now: () => JANUARY })()
    expect(make(-1)).toBe('FE8000000000000000000000000000010001FFFFFFFF000000000000')
    expect(make(-2)).not.toBe(make(-1))
  })
})
