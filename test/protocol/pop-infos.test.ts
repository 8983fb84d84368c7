import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as infos from '../../src/protocol/pop/pop-infos.ts'
import { anInt, aLong } from '../support/arbitraries.ts'

const queue = { mark: fc.constantFrom('0', '1', '2'), queueId: anInt }
const keyOf = ({ mark, queueId }: { readonly mark: string; readonly queueId: number }): string =>
  infos.queueInfoKey(mark, queueId)
const queues = <T>(value: fc.Arbitrary<T>) =>
  fc.uniqueArray(fc.tuple(fc.record(queue), value), { selector: ([at]) => keyOf(at) })

describe('what an answer says about popped messages', () => {
  it('survives being written and read: where the pop of each queue began', () => {
    fc.assert(
      fc.property(queues(aLong), entries => {
        const text = infos.encodeStartOffsets(entries.map(([at, startOffset]) => ({ ...at, startOffset })))
        expect(infos.decodeStartOffsets(text)).toEqual(new Map(entries.map(([at, offset]) => [keyOf(at), offset])))
      }),
    )
  })

  it('survives being written and read: which messages of each queue came', () => {
    fc.assert(
      fc.property(queues(fc.array(aLong, { minLength: 1, maxLength: 5 })), entries => {
        const text = infos.encodeMessageOffsets(entries.map(([at, queueOffsets]) => ({ ...at, queueOffsets })))
        expect(infos.decodeMessageOffsets(text)).toEqual(new Map(entries.map(([at, offsets]) => [keyOf(at), offsets])))
      }),
    )
  })

  it('survives being written and read: how often each message was consumed', () => {
    fc.assert(
      fc.property(queues(fc.tuple(fc.option(aLong, { nil: undefined }), anInt)), entries => {
        const counts = entries.map(([at, [queueOffset, count]]) => ({ ...at, queueOffset, count }))
        const read = infos.decodeOrderCounts(infos.encodeOrderCounts(counts))
        expect([...read]).toEqual(
          counts.map(({ mark, queueId, queueOffset, count }) => [
            queueOffset === undefined
              ? infos.queueInfoKey(mark, queueId)
              : infos.offsetInfoKey(mark, queueId, queueOffset),
            count,
          ]),
        )
      }),
    )
  })

  it.each([
    ['0 2', 'entry 1 of startOffsetInfo: expected 3 parts'],
    ['0 2 1;0 3 1 1', 'entry 2 of startOffsetInfo: expected 3 parts'],
    ['0 2 1;;0 3 1', 'entry 2 of startOffsetInfo: expected 3 parts'],
    ['0 2 one', 'entry 1 of startOffsetInfo: expected an integer of 64 bits, not "one"'],
    ['0 2 1;0 2 2', 'entry 2 of startOffsetInfo: expected each queue once, 0@2 was there before'],
  ])('is not "%s"', (text, message) => {
    expect(() => infos.decodeStartOffsets(text)).toThrow(
      expect.objectContaining({ code: 'ERR_RMQ_DECODE', message: expect.stringContaining(message) as string }),
    )
  })

  it('names the text that cannot be read', () => {
    expect(() => infos.decodeMessageOffsets('0 2 1,,2')).toThrow('entry 1 of msgOffsetInfo: expected an integer')
    expect(() => infos.decodeOrderCounts('0 2 2147483648')).toThrow('entry 1 of orderCountInfo: expected an integer')
  })
})
