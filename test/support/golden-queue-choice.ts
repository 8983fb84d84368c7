import { expect } from 'vitest'
import { avoidedMs, LATENCY_TABLE, nextFault } from '../../src/client/latency-fault.ts'
import type { Rank } from '../../src/client/broker-health.ts'
import type { MessageQueue } from '../../src/protocol/bodies/routes.ts'
import { nameOf, queuesNamed } from './builders.ts'
import { drawRoute } from './draw-route.ts'
import type { Handlers, Vector } from './golden.ts'

const numbers = (texts: readonly string[]): readonly number[] => texts.map(Number)

const checkTable = (vector: Vector): void => {
  const { expect: official } = vector as Vector & {
    readonly expect: { readonly latencyMax: readonly string[]; readonly notAvailableDuration: readonly string[] }
  }
  expect(LATENCY_TABLE.map(([fromMs]) => fromMs)).toEqual(numbers(official.latencyMax))
  expect(LATENCY_TABLE.map(([, ms]) => ms)).toEqual(numbers(official.notAvailableDuration))
}

const checkDuration = (vector: Vector): void => {
  const { input, expect: official } = vector as Vector & { readonly input: string; readonly expect: string }
  expect(avoidedMs(Number(input))).toBe(Number(official))
}

const NOW = 1_000

const checkUpdate = (vector: Vector): void => {
  const { input, expect: official } = vector as Vector & {
    readonly input: { readonly latency: string; readonly isolation: boolean }
    readonly expect: { readonly recordedLatency: string; readonly notAvailableFor: string }
  }
  const event = { at: NOW, latencyMs: Number(input.latency), isolated: input.isolation, reachable: true }
  const fault = nextFault(undefined, event)
  expect(fault.latencyMs).toBe(Number(official.recordedLatency))
  expect(Math.max(0, fault.availableFrom - NOW)).toBe(Number(official.notAvailableFor))
}

interface Situation {
  /** Such as `a4 b4`. */
  readonly queues: string
  readonly lastBroker: string | null
  readonly faultStrategyEnabled: boolean
  /** Broker names. */
  readonly unavailable: string
  readonly unreachable: string
}

/** Eight messages, one after the other. */
const checkChoice = (vector: Vector): void => {
  const { input, expect: official } = vector as Vector & { readonly input: Situation; readonly expect: string }
  const queues = input.queues
    .split(' ')
    .flatMap(text => queuesNamed(Array.from({ length: Number(text.slice(1)) }, (_, i) => `${text[0]}${i}`).join(' ')))
  const rank = (brokerName: string): Rank => {
    if (!input.faultStrategyEnabled || !input.unavailable.includes(brokerName)) return 0
    return input.unreachable.includes(brokerName) ? 2 : 1
  }
  const { lastBroker } = input
  const chosen: MessageQueue[] = []
  let cursor = 0
  for (let call = 0; call < 8; call++) {
    const tried = lastBroker === null ? [] : [lastBroker]
    const routed = drawRoute({ queues, cursor, ranks: rank, tried })
    cursor = routed.cursor
    if (routed.ok) chosen.push(routed.queue)
  }
  expect(chosen.map(nameOf).join(' ')).toBe(official)
}

export const handlers: Handlers = {
  'latency/table': checkTable,
  'latency/duration': checkDuration,
  'latency/update': checkUpdate,
  'queue-choice': checkChoice,
}
