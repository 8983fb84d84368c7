import { describe, expect, it } from 'vitest'
import { QueueDelivery } from '../../src/consumer/queues/delivery.ts'
import type { Settler } from '../../src/consumer/queues/delivery.ts'
import { aStored } from '../support/builders.ts'
import { thrownBy } from '../support/failure.ts'
import { expectRefused, NO_NUMBER, NO_OBJECT } from '../bad-input/wrong-values.ts'

const aDelivery = () => {
  const levels: number[] = []
  const settler = { sendBack: (_: unknown, level: number) => levels.push(level) } as unknown as Settler
  return { delivery: new QueueDelivery(aStored(), 't', settler), levels }
}

describe('retryLater', () => {
  it.each([
    [undefined, 0],
    [{}, 0],
    [{ delayLevel: 5 }, 5],
    [{ afterMs: 0 }, 1],
    [{ afterMs: 1_001 }, 2],
    [{ afterMs: 7_200_001 }, 18],
  ])('of %j is delay level %i', (options, level) => {
    const { delivery, levels } = aDelivery()
    delivery.retryLater(options)
    expect(levels).toEqual([level])
  })

  it('refuses what makes no sense by its name, and the message is as open as before', () => {
    const { delivery, levels } = aDelivery()
    const wrong: readonly (readonly [string, unknown])[] = [
      ...[0, 19, ...NO_NUMBER].map(delayLevel => ['delayLevel', { delayLevel }] as const),
      ...NO_NUMBER.map(afterMs => ['afterMs', { afterMs }] as const),
      ...NO_OBJECT.map(options => ['options is', options] as const),
      ['delayLevel and afterMs exclude each other', { delayLevel: 1, afterMs: 1 }],
      ['delaylevel is not an option', { delaylevel: 1 }],
    ]
    for (const [name, options] of wrong)
      expectRefused(
        thrownBy(() => delivery.retryLater(options as never)),
        name,
        options,
      )
    expect(delivery.decision).toBeUndefined()
    delivery.retryLater()
    expect(levels).toEqual([0])
  })
})
