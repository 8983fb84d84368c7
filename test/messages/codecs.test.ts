import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { codecs, type StandardSchema } from '../../src/messages/codecs.ts'

const failed = (code: string) => expect.objectContaining({ code }) as Error
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()

describe('codecs.buffer', () => {
  it('gives bodies as they are, uncopied', () => {
    const body = Buffer.from([0, 255, 128])
    expect(codecs.buffer.encode(body)).toBe(body)
    expect(codecs.buffer.decode(body)).toBe(body)
  })
})

describe('codecs.text', () => {
  it('brings back every text, whatever characters it has', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), value => {
        expect(codecs.text.decode(codecs.text.encode(value))).toBe(value)
      }),
    )
  })

  it.each([
    ['an emoji', '👩‍🚀'],
    ['a zero character', 'a\u0000b'],
    ['the first and the last character', '\u0001\u{10ffff}'],
    ['a byte order mark in front', '\ufeffabc'],
  ])('brings back %s', (_, value) => {
    expect(codecs.text.decode(codecs.text.encode(value))).toBe(value)
  })

  it('refuses bytes that are not UTF-8', () => {
    expect(() => codecs.text.decode(Buffer.from([0xc3, 0x28]))).toThrow(failed('ERR_RMQ_DECODE'))
  })
})

describe('codecs.json', () => {
  it('brings back every value that JSON has', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        const codec = codecs.json()
        const written = codec.encode(value)
        expect(codec.decode(written)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  it('reads what writers with a byte order mark send', () => {
    expect(codecs.json().decode(Buffer.from('\ufeff{"a":1}'))).toEqual({ a: 1 })
  })

  it.each([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
  ])('refuses %s, which has no JSON form', (_, value) => {
    expect(() => codecs.json().encode(value)).toThrow(TypeError)
  })

  it('refuses a bigint and a circle, as JSON does', () => {
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    expect(() => codecs.json().encode(1n)).toThrow(TypeError)
    expect(() => codecs.json().encode(circle)).toThrow(TypeError)
  })

  it.each([
    ['not JSON', Buffer.from('{"a":')],
    ['empty', Buffer.alloc(0)],
    ['not UTF-8', Buffer.from([0xff])],
  ])('refuses a body that is %s, without showing it', (_, body) => {
    expect(() => codecs.json().decode(body)).toThrow(failed('ERR_RMQ_DECODE'))
  })

  it('shows nothing of a body that it cannot read', () => {
    const failure = (() => {
      try {
        return codecs.json().decode(Buffer.from('card 4111-1111'))
      } catch (error) {
        return error as Error
      }
    })() as Error
    expect(failure.message).not.toContain('4111')
  })
})

describe('codecs.json with a schema', () => {
  const schema = (validate: StandardSchema<number>['~standard']['validate']): StandardSchema<number> => ({
    '~standard': { version: 1, vendor: 'test', validate },
  })

  it('gives what the schema makes of the value', () => {
    const doubling = schema(value => ({ value: (value as number) * 2 }))
    expect(codecs.json(doubling).decode(Buffer.from('21'))).toBe(42)
  })

  it('refuses what the schema refuses, with all its reasons', () => {
    const refusing = schema(() => ({ issues: [{ message: 'too small' }, { message: 'not even' }] }))
    expect(() => codecs.json(refusing).decode(Buffer.from('1'))).toThrow(
      'does not match its schema: too small; not even',
    )
  })

  it('refuses a schema that answers later', () => {
    const asynchronous = schema(value => Promise.resolve({ value: value as number }))
    expect(() => codecs.json(asynchronous).decode(Buffer.from('1'))).toThrow(failed('ERR_RMQ_DECODE'))
  })

  it('does not check what it writes', () => {
    const refusing = schema(() => ({ issues: [{ message: 'never' }] }))
    expect(text(codecs.json(refusing).encode(1))).toBe('1')
  })
})
