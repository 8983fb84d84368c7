import { expect, it } from 'vitest'
import type { DeliveryTime } from '../../src/index.ts'
import { isTimed } from '../../src/producer/delivery-time.ts'

it.each<[string, object | undefined, boolean]>([
  ['none', undefined, false],
  ['a level', { level: 3 }, false],
  ['ms after it was stored', { afterMs: 5 }, true],
  ['a point in time', { at: 5 }, true],
  ['ms, and a level that is left out', { afterMs: 5, level: undefined }, true], // or an old broker would deliver at once
])('whether brokers have to know timers for %s', (_, deliver, expected) => {
  expect(isTimed(deliver === undefined ? {} : { deliver: deliver as DeliveryTime })).toBe(expected)
})
