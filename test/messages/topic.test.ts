import { describe, expect, expectTypeOf, it } from 'vitest'
import { codecs } from '../../src/messages/codecs.ts'
import { message, type Outbound } from '../../src/messages/message.ts'
import { topic, type Topic } from '../../src/messages/topic.ts'

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
