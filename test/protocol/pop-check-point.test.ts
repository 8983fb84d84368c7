import fc from 'fast-check'
import Long from 'long'
import { describe, expect, it } from 'vitest'
import { decodePopCheckPoint, encodePopCheckPoint } from '../../src/protocol/pop/pop-check-point.ts'
import {
  decodeReceiptHandle,
  encodeReceiptHandle,
  isRetried,
  nextVisibleTime,
} from '../../src/protocol/pop/receipt-handle.ts'
import { anInt, aLong, aWord } from '../support/arbitraries.ts'

const HANDLE = '100 1700000000000 60000 3 0 broker-a 2 102'

const parts = {
  startOffset: aLong,
  popTime: aLong,
  invisibleTime: aLong,
  reviveQueueId: anInt,
  mark: aWord,
  brokerName: aWord,
  queueId: anInt,
}

const refused = (message: string) =>
  expect.objectContaining({ code: 'ERR_RMQ_DECODE', message: expect.stringContaining(message) as string }) as Error

describe('the handle of a popped message', () => {
  it('survives being written and read', () => {
    fc.assert(
      fc.property(fc.record({ ...parts, queueOffset: fc.option(aLong, { nil: undefined }) }), handle => {
        expect(decodePopCheckPoint(encodePopCheckPoint(handle))).toEqual(handle)
      }),
    )
  })

  it.each([
    ['', 'the start offset is missing'],
    ['100', 'the pop time is missing'],
    ['100 1 2 3 0', 'the broker name is missing'],
    ['100 1 2 3 0 b', 'the queue id is missing'],
    ['x 1 2 3 0 b 4 5', 'start offset of a POP handle: expected an integer of 64 bits, not "x"'],
    ['9223372036854775808 1 2 3 0 b 4 5', 'start offset of a POP handle: expected an integer of 64 bits'],
    ['1 2.5 2 3 0 b 4 5', 'pop time of a POP handle: expected an integer of 64 bits, not "2.5"'],
    ['1 2  3 0 b 4 5', 'invisible time of a POP handle: expected an integer of 64 bits, not ""'],
    ['1 2 3 2147483648 0 b 4 5', 'revive queue id of a POP handle: expected an integer of 32 bits'],
    ['1 2 3 4  b 4 5', 'expected no two blanks in a row'],
    ['1 2 3 4 0 b q 5', 'queue id of a POP handle: expected an integer of 32 bits, not "q"'],
    ['1 2 3 4 0 b 5 ', 'queue offset of a POP handle: expected an integer of 64 bits, not ""'],
  ])('is not "%s"', (text, message) => {
    expect(() => decodePopCheckPoint(text)).toThrow(refused(message))
  })

  it('cannot hold a broker name with a blank', () => {
    const handle = decodePopCheckPoint(HANDLE)
    for (const brokerName of ['a b', '']) {
      expect(() => encodePopCheckPoint({ ...handle, brokerName })).toThrow(
        expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL', message: expect.stringContaining('broker name') as string }),
      )
    }
  })
})

describe('a receipt handle', () => {
  it('survives being written and read', () => {
    fc.assert(
      fc.property(fc.record({ ...parts, queueOffset: aLong, commitLogOffset: aLong }), handle => {
        expect(decodeReceiptHandle(encodeReceiptHandle(handle))).toEqual(handle)
      }),
    )
  })

  it('says when others may get the message, and whether they did before', () => {
    const handle = decodeReceiptHandle(HANDLE)
    expect(nextVisibleTime(handle).toString()).toBe('1700000060000')
    expect(['0', '1', '2', '9'].map(mark => isRetried({ ...handle, mark }))).toEqual([false, true, true, false])
  })

  it('needs the queue offset, and a place in the commit log that is a number', () => {
    expect(() => decodeReceiptHandle('1 2 3 4 0 b 5')).toThrow(refused('the queue offset is missing'))
    expect(() => decodeReceiptHandle(`${HANDLE} here`)).toThrow(refused('commit log offset of a receipt handle'))
    expect(decodeReceiptHandle(HANDLE).commitLogOffset).toEqual(Long.NEG_ONE)
  })
})
