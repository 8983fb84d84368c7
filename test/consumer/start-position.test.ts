import Long from 'long'
import { defer, firstValueFrom, of, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { Broker } from '../../src/broker/broker.ts'
import type { StartFrom } from '../../src/consumer/options.ts'
import { ruledStart$, startPosition$, startRule } from '../../src/consumer/offsets/start-position.ts'
import { aQueue } from '../support/builders.ts'

const DATE = new Date(1_700_000_000_000)

/** A broker with messages 10 to 99, the one at 50 stored at DATE; asks are noted. */
const offsets = (committed: number | undefined) => {
  const asked: string[] = []
  const found = (what: string, offset: number) => {
    asked.push(what)
    return of(Long.fromNumber(offset))
  }
  const broker: Broker['offsets'] = {
    query$: (_, group, __, strict) => {
      asked.push(`committed of ${group}${strict ? ', strictly' : ''}`)
      return of(committed === undefined ? undefined : Long.fromNumber(committed))
    },
    update$: () => throwError(() => new Error('nothing is stored here')),
    min$: () => found('min', 10),
    max$: () => found('max', 100),
    search$: (_, __, timestamp) => found(`search ${timestamp.toString()}`, 50),
  }
  return { broker, asked }
}

const start = async (committed: number | undefined, startFrom: StartFrom, topic = 't') => {
  const { broker, asked } = offsets(committed)
  const queue = aQueue('a', 0, topic)
  const { offset, reason } = await firstValueFrom(
    startPosition$(
      broker.query$('a:1', 'g', queue, true),
      defer(() => ruledStart$(broker, 'a:1', queue, startFrom)),
    ),
  )
  return { offset: offset.toNumber(), reason, asked }
}

describe('where a group begins on a queue', () => {
  it.each<[string, number | undefined, StartFrom, string, number, string, string[]]>([
    ['where it left off', 42, 'first', 't', 42, 'committed', []],
    ['where it left off, be that the very beginning', 0, 'last', 't', 0, 'committed', []],
    ['at the first message', undefined, 'first', 't', 10, 'first', ['min']],
    ['behind the last message', undefined, 'last', 't', 100, 'last', ['max']],
    ['at the first message since a time', undefined, DATE, 't', 50, 'timestamp', ['search 1700000000000']],
    ['at the first of what was sent back to it', undefined, 'last', '%RETRY%g', 10, 'retry-topic', ['min']],
  ])('is %s', async (_, committed, startFrom, topic, offset, reason, asked) => {
    expect(await start(committed, startFrom, topic)).toEqual({
      offset,
      reason,
      asked: ['committed of g, strictly', ...asked],
    })
  })

  it.each([
    ['t', 'first', 'first'],
    ['t', 'last', 'last'],
    ['t', DATE, 'timestamp'],
    ['%RETRY%g', 'last', 'retry-topic'],
    ['%RETRY%g', DATE, 'retry-topic'],
  ] as const)('of topic %s from %s is by rule "%s"', (topic, startFrom, rule) => {
    expect(startRule(topic, startFrom)).toBe(rule)
  })
})
