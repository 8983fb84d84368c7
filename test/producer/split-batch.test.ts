import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Outgoing } from '../../src/producer/outgoing.ts'
import { splitBatch, storedBytesOf } from '../../src/producer/split-batch.ts'

const anOutgoing = (bytes: number, shardKey?: string): Outgoing => ({
  topic: 't',
  messageId: 'id',
  body: Buffer.alloc(bytes),
  properties: '',
  sysFlag: 0,
  bornTimestamp: 0,
  shardKey,
  isBatch: false,
})
const QUEUES = 3
const queueOf = (key: string): number => key.charCodeAt(0) % QUEUES

const members = fc.array(
  fc
    .record({ bytes: fc.nat(2_000), key: fc.constantFrom(undefined, '', 'a', 'b', 'c', 'd', 'e') })
    .map(({ bytes, key }) => anOutgoing(bytes, key)),
  { minLength: 1, maxLength: 60 },
)
const limits = fc.record({ maxBytes: fc.integer({ min: 1, max: 6_000 }), maxCount: fc.integer({ min: 1, max: 20 }) })

describe('a batch that is split', () => {
  it('loses no message, has none twice, and keeps the order within each queue', () => {
    fc.assert(
      fc.property(members, limits, (batch, given) => {
        const groups = splitBatch(batch, given, queueOf).map(requests => requests.flat())
        expect(groups.flat().toSorted((a, b) => a - b)).toEqual(batch.map((_, i) => i))
        for (const group of groups) expect(group).toEqual(group.toSorted((a, b) => a - b))
      }),
    )
  })

  it('has one group for each queue and one for what has no key', () => {
    fc.assert(
      fc.property(members, limits, (batch, given) => {
        const place = ({ shardKey }: Outgoing) =>
          shardKey === undefined || shardKey === '' ? 'none' : queueOf(shardKey)
        const groups = splitBatch(batch, given, queueOf)
        const places = groups.map(requests => new Set(requests.flat().map(i => place(batch[i]!))))
        for (const one of places) expect(one.size).toBe(1)
        expect(groups).toHaveLength(new Set(batch.map(place)).size)
      }),
    )
  })

  it('has no request above the limits but one message that is too large by itself, and none that could take the next', () => {
    fc.assert(
      fc.property(members, limits, (batch, given) => {
        const bytesOf = (positions: readonly number[]) =>
          positions.reduce((sum, position) => sum + storedBytesOf(batch[position]!), 0)
        for (const requests of splitBatch(batch, given, queueOf)) {
          requests.forEach((request, i) => {
            expect(request.length).toBeLessThanOrEqual(given.maxCount)
            if (request.length > 1) expect(bytesOf(request)).toBeLessThanOrEqual(given.maxBytes)
            const next = requests[i + 1]?.[0]
            if (next === undefined) return
            const more = [...request, next]
            expect(more.length > given.maxCount || bytesOf(more) > given.maxBytes).toBe(true)
          })
        }
      }),
    )
  })
})
