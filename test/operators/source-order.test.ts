import { expect, it } from 'vitest'
import { inOrderOfSource, type Place } from '../../src/operators/source-order.ts'

const place = (): Place<number> => ({ bytes: 1, held: undefined, counted: true, finished: false })

it('forgets places with nothing to say that pile up behind a slow head, and none that have something', () => {
  const heard: number[] = []
  const order = inOrderOfSource<number, Place<number>>(result => heard.push(result))
  const head = place()
  order.enter(head)
  let most = 0
  for (let n = 0; n < 100_000; n++) {
    const each = place()
    order.enter(each)
    if (n % 10_000 === 0) order.add(each, n)
    order.finish(each)
    most = Math.max(most, order.remembered)
  }
  expect(most).toBeLessThan(500)
  expect([order.held, order.heldBytes]).toEqual([10, 10])
  order.finish(head)
  expect(heard).toEqual(Array.from({ length: 10 }, (_, i) => i * 10_000))
  expect([order.remembered, order.held, order.heldBytes]).toEqual([0, 0, 0])
})
