import { expect, it } from 'vitest'
import { ORDERLY_PAUSE_BOUNDS_MS, ORDERLY_PAUSE_MS } from '../../src/consumer/queues/orderly-pause.ts'

it('the rest of a queue after a failure lasts a second, or as long as was wished for within 10 ms and 30 s', () => {
  expect(ORDERLY_PAUSE_MS).toBe(1_000)
  expect(ORDERLY_PAUSE_BOUNDS_MS).toEqual([10, 30_000])
})
