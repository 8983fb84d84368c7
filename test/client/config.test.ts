import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkedInt, checkedMs } from '../../src/client/checks.ts'
import { resolveTiming, TIMING_DEFAULTS, type Timing } from '../../src/client/config.ts'
import { CONNECTION_DEFAULTS, resolveConnection, type ConnectionOptions } from '../../src/client/connection-options.ts'
import { PRESETS } from '../../src/client/presets.ts'

const refused = (says: string) =>
  expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL', message: expect.stringContaining(says) as string }) as Error

describe('the timing of a client', () => {
  it('has defaults, those of the Java client where it has them', () => {
    expect(resolveTiming()).toEqual(TIMING_DEFAULTS)
    expect(TIMING_DEFAULTS).toMatchObject({
      requestTimeoutMs: 3_000,
      routeRefreshMs: 30_000,
      heartbeatMs: 30_000,
      commitMs: 5_000,
      rebalanceMs: 20_000,
    })
  })

  it('has defaults for what is not said, or said to be undefined', () => {
    const given = { heartbeatMs: 7, commitMs: undefined } as unknown as Partial<Timing>
    expect(resolveTiming(given)).toEqual({ ...TIMING_DEFAULTS, heartbeatMs: 7 })
  })

  it.each<[string, object]>([
    ['timing.heartbeat is not an option', { heartbeat: 1 }],
    ['timing.heartbeatMs is 0', { heartbeatMs: 0 }],
    ['timing.heartbeatMs is -1', { heartbeatMs: -1 }],
    ['timing.idleMs is 1.5', { idleMs: 1.5 }],
    ['timing.idleMs is NaN', { idleMs: NaN }],
    ['timing.idleMs is Infinity', { idleMs: Infinity }],
    ['timing.idleMs is 2147483648', { idleMs: 2 ** 31 }],
    ['timing.idleMs is 5', { idleMs: '5' }],
    ['timing.idleMs is null', { idleMs: null }],
    ['timing.drainMs is -1', { drainMs: -1 }],
  ])('is refused by name: %s', (says, given) => {
    expect(() => resolveTiming(given)).toThrow(refused(says))
  })

  it('may have no patience at all when closing', () => {
    expect(resolveTiming({ drainMs: 0 }).drainMs).toBe(0)
  })
})

describe('the connection options of a client', () => {
  it('have defaults', () => {
    expect(resolveConnection()).toEqual(CONNECTION_DEFAULTS)
    expect(resolveConnection({ keepAliveMs: 0 })).toEqual({ ...CONNECTION_DEFAULTS, keepAliveMs: 0 })
  })

  it.each<[string, Partial<ConnectionOptions>]>([
    ['connection.keepAlive is not an option', { keepAlive: 1 } as object],
    ['connection.keepAliveMs is -1', { keepAliveMs: -1 }],
    ['connection.writeBufferBytes is 1023', { writeBufferBytes: 1_023 }],
    ['connection.maxFrameBytes is 2147483648', { maxFrameBytes: 2 ** 31 }],
    ['connection.reconnectFirstMs is 0', { reconnectFirstMs: 0 }],
  ])('are refused by name: %s', (says, given) => {
    expect(() => resolveConnection(given)).toThrow(refused(says))
  })
})

describe('the presets', () => {
  it.each(Object.entries(PRESETS))(
    '%s: all of it are options, within their bounds',
    (_, { timing, connection, maxInFlight }) => {
      expect(resolveTiming(timing)).toMatchObject(timing)
      expect(resolveConnection(connection)).toMatchObject(connection)
      expect(checkedInt('maxInFlight', maxInFlight, 0, [1, 1_000_000])).toBe(maxInFlight)
    },
  )
})

describe('a checked number', () => {
  it('is the given one where that is a whole number within its bounds, and refused otherwise', () => {
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.integer()), value => {
        const good = Number.isInteger(value) && value >= 2 && value <= 100
        if (good) expect(checkedInt('n', value, 5, [2, 100])).toBe(value)
        else expect(() => checkedInt('n', value, 5, [2, 100])).toThrow(refused('n is '))
      }),
    )
  })

  it('is the default where nothing is given, though that were out of bounds', () => {
    expect([checkedInt('n', undefined, 500, [2, 100]), checkedMs('n', undefined, 0)]).toEqual([500, 0])
  })
})
