import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAttributes } from '../../src/protocol/frames/attributes.ts'
import {
  checkGroup,
  checkTopic,
  namespaceOf,
  retryTopicOf,
  withNamespace,
  withoutNamespace,
} from '../../src/protocol/names.ts'

const ILLEGAL = expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL' }) as unknown
const name = fc.string({ unit: fc.constantFrom('a', 'B', '7', '_', '-'), minLength: 1, maxLength: 10 })

describe('a name that brokers would refuse', () => {
  it.each([
    ['', 'a topic must not be blank'],
    [' ', 'a topic must not be blank'],
    ['a b', 'topic "a b" contains a space'],
    ['a/b', 'topic "a/b" contains "/"'],
    ['订单', 'contains "订"'],
    ['x😀', 'contains "😀"'],
    ['t'.repeat(128), 'a topic has at most 127 characters, not 128'],
  ])('says why: topic "%s"', (topic, why) => {
    expect(() => checkTopic(topic)).toThrow(ILLEGAL)
    expect(() => checkTopic(topic)).toThrow(why)
  })

  it('says so of groups, too', () => {
    expect(() => checkGroup('')).toThrow('a group must not be blank')
    expect(() => checkGroup('g'.repeat(256))).toThrow('at most 255 characters')
    expect(() => checkGroup('g\n')).toThrow('contains "\\n"')
  })
})

describe('a namespace', () => {
  it('can be put on and taken off any name', () => {
    fc.assert(
      fc.property(name, name, fc.constantFrom('', '%RETRY%', '%DLQ%'), (bare, namespace, prefix) => {
        const wrapped = withNamespace(prefix + bare, namespace)
        expect(wrapped).toBe(`${prefix}${namespace}%${bare}`)
        expect(namespaceOf(wrapped)).toBe(namespace)
        expect(withNamespace(wrapped, namespace)).toBe(wrapped)
        expect(withoutNamespace(wrapped, namespace)).toBe(prefix + bare)
      }),
    )
  })

  it('of somebody else stays', () => {
    expect(withoutNamespace('theirs%topic', 'ours')).toBe('theirs%topic')
    expect(withoutNamespace('theirs%topic', undefined)).toBe('theirs%topic')
  })

  it('stands behind the prefix of a retry topic', () => {
    expect(retryTopicOf(withNamespace('group', 'ns'))).toBe('%RETRY%ns%group')
  })
})

describe('attributes', () => {
  it.each(['+a', '+a=', '-a=1', 'a=1', ',+a=1', '-a,-a'])('cannot be "%s"', text => {
    expect(() => parseAttributes(text)).toThrow(ILLEGAL)
  })

  it('may have any name', () => {
    expect([...parseAttributes('+__proto__=x,')]).toEqual([['+__proto__', 'x']])
  })
})
