import Long from 'long'
import { describe, expect, it } from 'vitest'
import { tagCode } from '../../src/protocol/hashes.ts'
import { matchesTag, matchesTagCode, sqlSubscription, tagSubscription } from '../../src/protocol/subscription.ts'

const subscribe = (expression: string | undefined) => tagSubscription('orders', expression, Long.fromNumber(7))

describe('a subscription by tags', () => {
  it('keeps its version', () => {
    expect(subscribe('a').subVersion.toNumber()).toBe(7)
  })

  it('has one code for two tags that hash alike', () => {
    expect(subscribe('Aa || BB')).toMatchObject({ tagsSet: ['Aa', 'BB'], codeSet: [2112] })
  })

  it('trims what Java trims, and nothing else', () => {
    expect(subscribe('\u0001a\u0000 || \u00a0b').tagsSet).toEqual(['a', '\u00a0b'])
  })

  it.each(['||', '||||'])('of nothing but separators is refused: %s', expression => {
    expect(() => subscribe(expression)).toThrow(expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL', topic: 'orders' }))
  })

  it('wants no message without a tag, unless it wants all', () => {
    expect(matchesTag(subscribe('a'), undefined)).toBe(false)
    expect(matchesTagCode(subscribe('a'), tagCode(undefined))).toBe(false)
    expect(matchesTag(subscribe(undefined), undefined)).toBe(true)
    expect(matchesTagCode(subscribe(undefined), tagCode(undefined))).toBe(true)
  })

  it('leaves the decision to a class filter where there is one', () => {
    const filtered = { ...subscribe('a'), classFilterMode: true }
    expect(matchesTag(filtered, 'b')).toBe(true)
    expect(matchesTagCode(filtered, tagCode('b'))).toBe(true)
  })
})

describe('a subscription by SQL92', () => {
  it('is not decided by tags', () => {
    const subscription = sqlSubscription('orders', 'a > 5', Long.ZERO)
    expect(matchesTag(subscription, 'any')).toBe(true)
    expect(matchesTagCode(subscription, 0)).toBe(true)
  })
})
