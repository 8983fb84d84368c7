import { describe, expect, it } from 'vitest'
import { requestFrame } from '../../src/protocol/frames/frame.ts'
import { readJsonHeader, writeJsonHeader } from '../../src/protocol/frames/header-json.ts'

const read = (text: string) => readJsonHeader(Buffer.from(text))

describe('a JSON header', () => {
  it('has no members for what the frame does not have', () => {
    expect(JSON.parse(writeJsonHeader(requestFrame(105, { opaque: 7 })))).toEqual({
      code: 105,
      language: 'OTHER',
      version: 479,
      opaque: 7,
      flag: 0,
    })
  })

  it('keeps an empty remark', () => {
    expect(JSON.parse(writeJsonHeader(requestFrame(105, { remark: '' })))).toHaveProperty('remark', '')
  })

  it('says null for a language that is not known, because Java is assumed when it is missing', () => {
    const frame = { ...requestFrame(105), language: undefined }
    expect(read(writeJsonHeader(frame)).language).toBeUndefined()
    expect(read('{"code":105}').language).toBe('JAVA')
  })

  it.each([
    ['a name', '"GO"', 'GO'],
    ['a name in lower case', '"node_js"', 'NODE_JS'],
    ['a number', '9', 'GO'],
    ['an unknown name', '"COBOL"', undefined],
  ])('gives the language as %s', (_, written, language) => {
    expect(read(`{"code":1,"language":${written}}`).language).toBe(language)
  })

  it('keeps 64-bit numbers among the fields exact', () => {
    const { fields } = read('{"code":1,"extFields":{"offset":9223372036854775807,"other":"x","none":null}}')
    expect({ ...fields }).toEqual({ offset: '9223372036854775807', other: 'x' })
  })

  it('keeps fields named like members of every object also when others are no text', () => {
    const { fields } = read('{"code":1,"extFields":{"__proto__":"p","n":1}}')
    expect(Object.entries(fields)).toEqual([
      ['__proto__', 'p'],
      ['n', '1'],
    ])
  })

  it('takes what is missing or null for 0', () => {
    expect(read('{"opaque":null}')).toMatchObject({ code: 0, version: 0, opaque: 0, flag: 0 })
  })

  it.each([
    ['a list', '[]', 'expected an object'],
    ['a string', '"code"', 'expected an object'],
    ['null', 'null', 'expected an object'],
    ['nothing', '', 'cannot be read: JSON: expected a value at character 0 of 0'],
    ['a bare word', '{"code":x}', 'expected a value at character 8'],
    ['a long number', '9007199254740993', 'expected an object'],
    ['a table', '{{}:1}', 'expected an object'],
    ['fields in a long number', '{code:1,extFields:9007199254740993}', 'extFields of a JSON header'],
    ['a very deep remark', `{"remark":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'nesting within 512 levels'],
    [
      'a very deep field',
      `{"extFields":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`,
      'nesting within 512 levels',
    ],
    ['a code of more than 32 bits', '{"code":2147483648}', 'code of a JSON header: expected a 32-bit integer'],
    ['an opaque with a fraction', '{"opaque":1.5}', 'opaque of a JSON header'],
    ['a flag that is an object', '{"flag":{}}', 'flag of a JSON header'],
    ['a language beyond the known numbers', '{"language":14}', 'language of a JSON header'],
    ['fields in a list', '{"extFields":["x"]}', 'extFields of a JSON header'],
    ['fields in a string', '{"extFields":"x"}', 'extFields of a JSON header'],
  ])('that is or has %.30s breaks the protocol', (_, text, message) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'ERR_RMQ_PROTOCOL' }))
    expect(() => read(text)).toThrow(message)
  })

  it('that is no UTF-8 breaks the protocol', () => {
    expect(() => readJsonHeader(Buffer.from('7b2261223a22ff227d', 'hex'))).toThrow(
      'a JSON header is not UTF-8: expected it at byte 6',
    )
    // the character that stands for damage may also have been written
    const written = Buffer.concat([Buffer.from('{"ä":"\ufffd\ufffd'), Buffer.from('c328227d', 'hex')])
    expect(() => readJsonHeader(written)).toThrow('expected it at byte 13')
  })

  it('may hold the replacement character itself', () => {
    expect(read('{"code":1,"remark":"\ufffd"}').remark).toBe('\ufffd')
  })

  it('may hold a remark that is no text', () => {
    expect(read('{"code":1,"remark":12}').remark).toBe('12')
  })
})
