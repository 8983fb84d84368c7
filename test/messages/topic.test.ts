import { describe, expect, expectTypeOf, it } from 'vitest'
import { codecs } from '../../src/messages/codecs.ts'
import { message, type Outbound } from '../../src/messages/message.ts'
import { on, topic, type SubscriptionSpec, type Topic } from '../../src/messages/topic.ts'

interface Order {
  readonly id: string
}

describe('a topic', () => {
  it('is one of raw bodies without a codec', () => {
    const raw = topic('raw')
    expect(raw).toEqual({ name: 'raw', codec: codecs.buffer })
    expectTypeOf(raw).toEqualTypeOf<Topic<'raw', Uint8Array>>()
  })

  it('knows its name and its values by type', () => {
    const orders = topic('orders', codecs.json<Order>())
    expectTypeOf(orders).toEqualTypeOf<Topic<'orders', Order>>()
    expect(orders.name).toBe('orders')
  })
})

describe('a message', () => {
  it('is its topic, its body and its options, and nothing is checked yet', () => {
    const orders = topic('orders', codecs.json<Order>())
    const sent = message(orders, { id: '1' }, { tag: 'new', keys: ['1'], shardKey: '1', delayLevel: 3 })
    expect(sent).toEqual({ topic: orders, body: { id: '1' }, tag: 'new', keys: ['1'], shardKey: '1', delayLevel: 3 })
    expectTypeOf(sent).toEqualTypeOf<Outbound<Order>>()
    // @ts-expect-error -- the body is not an order
    message(orders, 'text')
  })

  it('cannot be given another topic or body by its options', () => {
    const orders = topic('orders')
    const sneaky = { topic: topic('other'), body: Buffer.from('b') } as object
    expect(message(orders, Buffer.from('a'), sneaky)).toEqual({ topic: orders, body: Buffer.from('a') })
  })
})

describe('a subscription', () => {
  it('wants every message, or those of its tags', () => {
    const orders = topic('orders', codecs.json<Order>())
    expect(on(orders)).toEqual({ topic: orders, tags: '*' })
    expect(on(orders, { tags: 'new || paid' })).toEqual({ topic: orders, tags: 'new || paid' })
    expectTypeOf(on(orders)).toEqualTypeOf<SubscriptionSpec<'orders', Order>>()
  })

  it('may filter by SQL instead, but not by both', () => {
    const orders = topic('orders', codecs.json<Order>())
    expect(on(orders, { sql: 'a > 3' })).toEqual({ topic: orders, tags: '*', sql: 'a > 3' })
    // @ts-expect-error -- tags or sql
    on(orders, { tags: 'new', sql: 'a > 3' })
  })

  it.each(['new', null, 5])('is refused whose options are none: %j', options => {
    expect(() => on(topic('orders'), options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL', message: expect.stringContaining('tags') as string }),
    )
  })
})
