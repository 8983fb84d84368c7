import { expect, it } from 'vitest'
import { createQueueElsewhere } from '../../src/coordination/queue-elsewhere.ts'
import type { SelectionContext } from '../../src/producer/selection.ts'

const queuesOf = (text: string) => Array.from(text, brokerName => ({ topic: 't', brokerName, queueId: 0 }))
const chosen = (
  { select }: ReturnType<typeof createQueueElsewhere>,
  preferred: string,
  queues: string,
): (string | undefined)[] => {
  const context = { preferred: queuesOf(preferred), queues: queuesOf(queues) } as unknown as SelectionContext
  return queuesOf(queues).map(() => select(context)?.brokerName)
}
const outcome = (brokerName: string, ok = false) => ({ clientId: 'c', brokerName, ok })

it('bad news of a broker goes to each of the others in turn, and to it again when it is well', () => {
  const elsewhere = createQueueElsewhere()
  expect(chosen(elsewhere, 'abc', 'abc')).toEqual(['a', 'b', 'c'])
  elsewhere.note(outcome('b', false))
  expect(chosen(elsewhere, 'abc', 'abc')).not.toContain('b')
  elsewhere.note(outcome('b', true))
  expect(chosen(elsewhere, 'abc', 'abc')).toContain('b')
})

it('it goes to a broker that is less well rather than to the one that it is about, which is the last resort', () => {
  const elsewhere = createQueueElsewhere()
  elsewhere.note(outcome('a', false))
  expect(chosen(elsewhere, 'a', 'ab')).toEqual(['b', 'b'])
  elsewhere.note(outcome('b', false))
  expect(chosen(elsewhere, 'a', 'ab')).toEqual(['a', 'a'])
})

it('of more brokers than any cluster has, those noted longest ago are forgotten: strangers keep nobody from being noted', () => {
  const elsewhere = createQueueElsewhere()
  elsewhere.note(outcome('a'))
  elsewhere.note(outcome('b'))
  for (let n = 0; n < 1_022; n++) elsewhere.note(outcome(`stranger-${n}`))
  elsewhere.note(outcome('a')) // again: it was noted last now
  elsewhere.note(outcome('c'))
  expect(chosen(elsewhere, 'abcd', 'abcd')).toEqual(['b', 'd', 'b', 'd'])
})
