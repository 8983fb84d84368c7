import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createQueue } from '../../src/operators/queue.ts'

type Step = { do: 'push'; count: number } | { do: 'shift'; count: number } | { do: 'retain'; each: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('push' as const), count: fc.integer({ min: 1, max: 3000 }) }),
  fc.record({ do: fc.constant('shift' as const), count: fc.integer({ min: 1, max: 3000 }) }),
  fc.record({ do: fc.constant('retain' as const), each: fc.integer({ min: 1, max: 5 }) }),
)

it('is an array one can shift, whatever is done to it', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), steps => {
      const queue = createQueue<number>()
      let model: number[] = []
      let next = 0
      for (const todo of steps) {
        if (todo.do === 'push')
          for (let i = 0; i < todo.count; i++) {
            queue.push(next)
            model.push(next++)
          }
        if (todo.do === 'shift') {
          const shifted = Array.from({ length: todo.count }, () => queue.shift()).filter(item => item !== undefined)
          expect(shifted).toEqual(model.splice(0, todo.count))
        }
        if (todo.do === 'retain') {
          queue.retain(item => item % todo.each === 0)
          model = model.filter(item => item % todo.each === 0)
        }
        expect(queue.length).toBe(model.length)
        expect(queue.peek()).toBe(model[0])
      }
      expect(Array.from({ length: queue.length }, () => queue.shift())).toEqual(model)
    }),
    { numRuns: 60 },
  )
})
