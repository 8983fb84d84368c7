import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LONGEST_RUN, MOST_RUNS, readOutcomes, writeOutcomes } from '../../src/coordination/outcome-message.ts'
import type { OutcomeRun } from '../../src/coordination/outcome-message.ts'

const name = fc.string({ minLength: 1, maxLength: 255 })
const run: fc.Arbitrary<OutcomeRun> = fc.record({
  clientId: name,
  brokerName: name,
  ok: fc.boolean(),
  count: fc.integer({ min: 1, max: LONGEST_RUN }),
})
const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))
const RUN = { clientId: 'c', brokerName: 'b', ok: false, count: 3 }
const GOOD = { v: 1, from: 'me', no: 1, runs: [RUN] }

describe('what coordinators tell each other', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(name, fc.integer({ min: 1 }), fc.array(run, { maxLength: 8 }), (from, no, runs) => {
        const told = { from, no, runs }
        expect(readOutcomes(Buffer.from(writeOutcomes(told)))).toEqual(told)
      }),
    )
  })

  it('is small: also all that fits, with the longest names, is read', () => {
    for (const long of ['x'.repeat(255), '\u0000'.repeat(255), '€'.repeat(255)]) {
      const runs = Array.from({ length: MOST_RUNS }, () => ({ clientId: long, brokerName: long, ok: true, count: 1 }))
      const told = { from: long, no: Number.MAX_SAFE_INTEGER, runs }
      expect(readOutcomes(Buffer.from(writeOutcomes(told)))).toEqual(told)
    }
  })

  it('may say more than is known here', () => {
    expect(readOutcomes(bytes({ ...GOOD, more: 1, runs: [{ ...RUN, more: 1 }] }))).toEqual({
      from: 'me',
      no: 1,
      runs: [RUN],
    })
  })

  it.each<[string, Uint8Array, string]>([
    ['no JSON', Buffer.from('hello'), 'is no JSON with a version'],
    ['nothing', Buffer.alloc(0), 'is no JSON with a version'],
    ['null', bytes(null), 'is no JSON with a version'],
    ['JSON of somebody else', bytes({ runs: [] }), 'is no JSON with a version'],
    ['a later version', bytes({ ...GOOD, v: 2 }), 'is of a version that is not known here'],
    ['nobody’s', bytes({ ...GOOD, from: '' }), 'is malformed'],
    ['without a number', bytes({ ...GOOD, no: undefined }), 'is malformed'],
    ['numbered from nothing', bytes({ ...GOOD, no: 0 }), 'is malformed'],
    ['no list', bytes({ ...GOOD, runs: {} }), 'is malformed'],
    ['too many runs', bytes({ ...GOOD, runs: Array(MOST_RUNS + 1).fill(RUN) }), 'is malformed'],
    ['null as a run', bytes({ ...GOOD, runs: [null] }), 'is malformed'],
    ['a run that is too long', bytes({ ...GOOD, runs: [{ ...RUN, count: LONGEST_RUN + 1 }] }), 'is malformed'],
    ['an empty run', bytes({ ...GOOD, runs: [{ ...RUN, count: 0 }] }), 'is malformed'],
    ['half an outcome', bytes({ ...GOOD, runs: [{ ...RUN, count: 1.5 }] }), 'is malformed'],
    ['no client', bytes({ ...GOOD, runs: [{ ...RUN, clientId: 5 }] }), 'is malformed'],
    ['a broker with a long name', bytes({ ...GOOD, runs: [{ ...RUN, brokerName: 'x'.repeat(256) }] }), 'is malformed'],
    ['neither good nor bad', bytes({ ...GOOD, runs: [{ ...RUN, ok: 'yes' }] }), 'is malformed'],
    ['far too much', Buffer.alloc(262_145, ' '), 'has 262145 bytes, the limit is 262144'],
  ])('is not %s', (_, body, why) => {
    expect(readOutcomes(body)).toBe(why)
  })

  it('is nothing that bytes could be by accident', () => {
    fc.assert(fc.property(fc.uint8Array(), body => typeof readOutcomes(body) === 'string'))
  })
})
