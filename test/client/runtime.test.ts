import { asapScheduler, asyncScheduler } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { backgroundScheduler } from '../../src/client/background-scheduler.ts'
import { CONNECTION_DEFAULTS } from '../../src/client/connection-options.ts'
import { localAddress, newClientId, resolveRuntime } from '../../src/client/runtime.ts'
import { fakeTransport } from '../support/fake-transport.ts'

describe('the runtime of a client', () => {
  it('has a clock that keeps no process alive, the hop of rxjs, real sockets and ids of its own', () => {
    const { scheduler, asap, transport, random, newMessageId } = resolveRuntime({}, 3_000, CONNECTION_DEFAULTS)
    expect([scheduler, asap, random]).toEqual([backgroundScheduler, asapScheduler, Math.random])
    expect(typeof transport.connect$).toBe('function')
    expect(newMessageId()).toMatch(/^[0-9A-F]{32}$|^[0-9A-F]{40,}$/)
  })

  it('is what a test gives', () => {
    const given = {
      scheduler: asyncScheduler,
      asap: asyncScheduler,
      transport: fakeTransport(() => []),
      random: () => 0.5,
      newMessageId: () => 'id',
    }
    expect(resolveRuntime(given, 3_000, CONNECTION_DEFAULTS)).toEqual(given)
  })

  it('makes message ids that differ, also those of two clients of one process', () => {
    const one = resolveRuntime({}, 3_000, CONNECTION_DEFAULTS).newMessageId
    const other = resolveRuntime({}, 3_000, CONNECTION_DEFAULTS).newMessageId
    const ids = Array.from({ length: 1_000 }, (_, i) => (i % 2 === 0 ? one : other)())
    expect(new Set(ids).size).toBe(1_000)
  })
})

describe('the id of a client', () => {
  it('tells address and process, and something random, because in containers both may be the same', () => {
    expect(newClientId(() => 0.5)).toBe(`${localAddress()}@${process.pid}#${(2 ** 47).toString(36)}`)
    expect(newClientId(Math.random)).not.toBe(newClientId(Math.random))
  })
})
