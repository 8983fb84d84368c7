import Long from 'long'
import { describe, expect, it } from 'vitest'
import { int, int64, optional, readHeader, text } from '../../src/protocol/requests/fields.ts'
import { thrownBy } from '../support/failure.ts'

const ROW = { topic: text, queueId: int, offset: int64, sysFlag: optional(int) }
const FIELDS = { topic: 't', queueId: '3', offset: '9007199254740993' }

describe('a header that is read', () => {
  it('has its fields in their own types', () => {
    expect(readHeader(ROW, FIELDS)).toEqual({ topic: 't', queueId: 3, offset: Long.fromString('9007199254740993') })
  })

  it('takes every number that fits, with a sign or without', () => {
    for (const value of ['-2147483648', '2147483647', '+5', '-0', '007']) {
      expect(readHeader(ROW, { ...FIELDS, queueId: value }).queueId).toBe(Number(value))
    }
    for (const value of ['-9223372036854775808', '9223372036854775807', '+9223372036854775807', '-1', '+5']) {
      const offset = readHeader(ROW, { ...FIELDS, offset: value }).offset
      expect(offset.toString()).toBe(BigInt(value.replace('+', '')).toString())
    }
  })

  it.each(['2147483648', '-2147483649', '1e3', '1.5', '', ' 1', '0x1', '99999999999999999999', '1'.repeat(100_000)])(
    'names the field whose value is no integer of 32 bits: %.40s',
    value => {
      const error = thrownBy(() => readHeader(ROW, { ...FIELDS, queueId: value }))
      expect(error.code).toBe('ERR_RMQ_PROTOCOL')
      expect(error.message).toBe(`header field queueId: expected an integer of 32 bits, not "${value.slice(0, 32)}"`)
    },
  )

  it.each(['9223372036854775808', '-9223372036854775809', '99999999999999999999', '1e3', '', '1'.repeat(100_000)])(
    'names the field whose value is no integer of 64 bits, instead of wrapping it around: %.40s',
    value => {
      const error = thrownBy(() => readHeader(ROW, { ...FIELDS, offset: value }))
      expect(error.message).toContain('header field offset: expected an integer of 64 bits, not "')
    },
  )

  it('names the field that is missing', () => {
    expect(() => readHeader(ROW, { topic: 't', queueId: '3' })).toThrow('header field offset is missing')
  })
})
