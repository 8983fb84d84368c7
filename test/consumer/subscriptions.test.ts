import Long from 'long'
import { NEVER } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { createSubscriptionSet } from '../../src/consumer/subscriptions/subscription-set.ts'
import { createLiveSubscriptions, createSubscriptions } from '../../src/consumer/subscriptions/subscriptions.ts'
import { codecs } from '../../src/messages/codecs.ts'
import { on } from '../../src/consumer/subscriptions/on.ts'
import { topic } from '../../src/messages/topic.ts'
import { tagCode } from '../../src/protocol/hashes.ts'
import { aStored } from '../support/builders.ts'

const orders = topic('orders', codecs.json())
const VERSION = 1_700_000_000_000
const settings = {
  group: 'g',
  model: 'clustering',
  acknowledge: 'offset',
  startFrom: 'last',
  subscriptions: [on(orders, { tags: 'new || paid' }), on(topic('raw'))],
} as const
const all = createSubscriptions(settings, VERSION)
const tagged = (tag?: string) => aStored({ properties: tag === undefined ? {} : { TAGS: tag } })

describe('what a group subscribes to', () => {
  it('are its topics, and the retry topic to which failed messages return', () => {
    expect(all.topics).toEqual(['orders', 'raw', '%RETRY%g'])
  })

  it('are its topics alone in broadcasting, which has no retry', () => {
    const broadcast = createSubscriptions({ ...settings, model: 'broadcasting' }, VERSION)
    expect(broadcast.topics).toEqual(['orders', 'raw'])
    expect(broadcast.data().messageModel).toBe('BROADCASTING')
  })

  it('is told to brokers as the Java client tells it, with the time it was made', () => {
    expect(all.data()).toMatchObject({
      groupName: 'g',
      consumeType: 'CONSUME_PASSIVELY',
      messageModel: 'CLUSTERING',
      consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
      subscriptions: [
        {
          topic: 'orders',
          subString: 'new || paid',
          tagsSet: ['new', 'paid'],
          codeSet: [tagCode('new'), tagCode('paid')],
          subVersion: Long.fromNumber(1_700_000_000_000),
          expressionType: 'TAG',
        },
        { topic: 'raw', subString: '*', tagsSet: [] },
        { topic: '%RETRY%g', subString: '*' },
      ],
    })
  })

  it('by SQL goes to brokers as it is, and nothing of it is decided here', () => {
    const sql = "a > 3 and b = 'x'"
    const filtered = createSubscriptions({ ...settings, subscriptions: [on(orders, { sql })] }, 7)
    expect(filtered.of('orders')).toEqual({
      topic: 'orders',
      subString: sql,
      expressionType: 'SQL92',
      tagsSet: [],
      codeSet: [],
      subVersion: Long.fromNumber(7),
      classFilterMode: false,
    })
    expect([filtered.accepts('orders', tagged('new')), filtered.accepts('orders', tagged())]).toEqual([true, true])
    expect(filtered.of('%RETRY%g')).toMatchObject({ subString: '*', expressionType: 'TAG' })
  })

  it.each([
    ['first', 'CONSUME_FROM_FIRST_OFFSET'],
    ['last', 'CONSUME_FROM_LAST_OFFSET'],
    [new Date(0), 'CONSUME_FROM_TIMESTAMP'],
  ] as const)('starting from %s is %s', (startFrom, where) => {
    expect(createSubscriptions({ ...settings, startFrom }, VERSION).data().consumeFromWhere).toBe(where)
  })

  it.each([
    ['orders', 'new', true],
    ['orders', 'paid', true],
    ['orders', 'lost', false],
    ['orders', undefined, false],
    ['raw', 'whatever', true],
    ['raw', undefined, true],
    ['%RETRY%g', 'lost', true],
    ['unknown', 'new', true],
  ])('of topic %s with tag %s is wanted: %s', (name, tag, wanted) => {
    expect(all.accepts(name, tagged(tag))).toBe(wanted)
  })

  it('does not want a tag whose hash is the same by chance: "Aa" and "BB"', () => {
    const one = createSubscriptions({ ...settings, subscriptions: [on(topic('t'), { tags: 'Aa' })] }, 1)
    expect(tagCode('Aa')).toBe(tagCode('BB'))
    expect([one.accepts('t', tagged('Aa')), one.accepts('t', tagged('BB'))]).toEqual([true, false])
  })

  it('is read by the codec of its topic, else as raw bytes', () => {
    expect([all.codecOf('orders').name, all.codecOf('raw').name, all.codecOf('unknown').name]).toEqual([
      'json',
      'buffer',
      'buffer',
    ])
  })
})

describe('subscriptions that change', () => {
  it('remember how the bodies of a former topic are read: some of it may still be in hand', () => {
    const set = createSubscriptionSet(settings.subscriptions, () => VERSION, NEVER)
    const live = createLiveSubscriptions(settings, set)
    expect(live.codecOf('orders')).toBe(orders.codec)
    set.remove(orders)
    expect([live.of('orders'), live.topics]).toEqual([undefined, ['raw', '%RETRY%g']])
    expect(live.codecOf('orders')).toBe(orders.codec)
    const anew = topic('orders', codecs.text)
    set.add(on(anew))
    expect(live.codecOf('orders')).toBe(codecs.text)
  })
})
