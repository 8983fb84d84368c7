import { describe, expect, it } from 'vitest'
import { decodeFrame, encodeFrame } from '../../src/protocol/frames/frame-codec.ts'
import { requestFrame } from '../../src/protocol/frames/frame.ts'
import { readBinaryHeader } from '../../src/protocol/frames/header-binary.ts'

const FIXED = '00220701df0000000500000000'
const header = (rest: string) => readBinaryHeader(Buffer.from(FIXED + rest, 'hex'))

describe('a binary header', () => {
  it('leaves out empty fields, because the other side would read them as null', () => {
    const bytes = encodeFrame(requestFrame(10, { fields: { empty: '', '': 'nameless', full: 'x' } }), 'binary')
    expect(bytes.includes('empty')).toBe(false)
    expect({ ...decodeFrame(bytes.subarray(4)).fields }).toEqual({ full: 'x' })
  })

  it.each([200_050, -32_769, 32_768])('refuses the code %i, which has no 16 bits, and says what to do', code => {
    expect(() => encodeFrame(requestFrame(code), 'binary')).toThrow(
      `code ${code} does not fit the 16 bits of a binary header: use JSON`,
    )
  })

  it('refuses a key longer than 16 bits can tell', () => {
    const frame = requestFrame(10, { fields: { ['k'.repeat(32_768)]: 'v' } })
    expect(() => encodeFrame(frame, 'binary')).toThrow('a key of a binary header has 32768 bytes, the limit is 32767')
  })

  it('takes the last of two fields with the same name', () => {
    const entry = (value: string) => `00016100000001${Buffer.from(value).toString('hex')}`
    expect({ ...header(`0000000000000010${entry('1')}${entry('2')}`).fields }).toEqual({ a: '2' })
  })

  it('reads fields whose length bytes look like text beyond ASCII', () => {
    // 200 bytes of value, and a length byte of 0xc8 before them
    const value = 'é'.repeat(100)
    expect({ ...header(`00000000000000cf000161000000c8${Buffer.from(value).toString('hex')}`).fields }).toEqual({
      a: value,
    })
  })

  it.each([
    ['no room for the fixed part', '', 'a binary header ends at byte 13: expected at least 21 bytes'],
    [
      'a negative remark',
      'ffffffff00000000',
      'remark at byte 13 of a binary header has a wrong length, -1: expected 0 to 0',
    ],
    [
      'a remark beyond its end',
      '0000000100000000',
      'remark at byte 13 of a binary header has a wrong length, 1: expected 0 to 0',
    ],
    [
      'fields beyond its end',
      '0000000000000001',
      'ext fields at byte 21 of a binary header end at byte 22: expected at most 21',
    ],
    [
      'a field that is cut off',
      '0000000000000003000161',
      'an ext field is cut off at byte 21 of a binary header: expected 6 bytes, 3 are left',
    ],
    ['a negative key', '0000000000000007ffff0000000061', 'the key of an ext field at byte 21'],
    ['a key beyond the fields', '0000000000000007000961000000ff', 'the key of an ext field at byte 21'],
    ['a negative value', '0000000000000007000161ffffffff', 'the value of an ext field at byte 24'],
    ['a value beyond the fields', '0000000000000007000161000000016161', 'the value of an ext field at byte 24'],
  ])('with %s breaks the protocol, and the error says where', (_, rest, message) => {
    expect(() => header(rest)).toThrow(expect.objectContaining({ code: 'ERR_RMQ_PROTOCOL' }))
    expect(() => header(rest)).toThrow(message)
  })
})
