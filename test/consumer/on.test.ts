import { describe, expect, expectTypeOf, it } from 'vitest'
import { codecs, createClient, on, topic } from '../../src/index.ts'
import type { SubscriptionSpec } from '../../src/index.ts'
import { thrownBy } from '../support/failure.ts'

interface Order {
  readonly id: string
}
const orders = topic('orders', codecs.json<Order>())
const t = topic('t')

describe('a subscription', () => {
  it('wants every message, or those of its tags', () => {
    expect(on(orders)).toEqual({ topic: orders, tags: '*' })
    expect(on(orders, {})).toEqual({ topic: orders, tags: '*' })
    expect(on(orders, { tags: undefined } as object)).toEqual({ topic: orders, tags: '*' })
    expect(on(orders, { tags: '' })).toEqual({ topic: orders, tags: '' })
    expect(on(orders, { tags: 'new || paid' })).toEqual({ topic: orders, tags: 'new || paid' })
    expectTypeOf(on(orders)).toEqualTypeOf<SubscriptionSpec<'orders', Order>>()
  })

  it('may filter by SQL instead, but not by both', () => {
    expect(on(orders, { sql: 'a > 3' })).toEqual({ topic: orders, tags: '*', sql: 'a > 3' })
    // @ts-expect-error -- tags or sql
    expect(() => on(orders, { tags: 'new', sql: 'a > 3' })).toThrow('filtered by tags and by sql: choose one')
  })

  it('leaves the name of its topic to the consumer, which tells it with all the rest', () => {
    expect(on(topic('a b')).topic.name).toBe('a b')
  })

  it('may be to what was sent back for good, and to other topics that groups have', () => {
    for (const name of ['%DLQ%billing', '%RETRY%billing']) expect(on(topic(name)).topic.name).toBe(name)
  })

  it.each<[string, unknown, unknown]>([
    ['are "new": expected { tags: "a || b" }', t, 'new'],
    ['are null', t, null],
    ['are 5', t, 5],
    ['are a list of 1', t, ['new']],
    ['tag is not an option of a subscription: there are tags and sql', t, { tag: 'new' }],
    ['selector is not an option of a subscription', t, { selector: 'a' }],
    ['topic is not an option of a subscription: it comes first', t, { topic: orders }],
    ['filter servers, which RocketMQ does not have', t, { filterClass: 'F' }],
    ['the tags of topic "t" are null: expected a text', t, { tags: null }],
    ['the tags of topic "t" are 5', t, { tags: 5 }],
    ['the tags of topic "t" are a list of 1: expected a text', t, { tags: ['x'] }],
    ['the tags of topic "t" are "||": that names no tag', t, { tags: '||' }],
    ['the sql of topic "t" is empty', t, { sql: ' ' }],
    ['the sql of topic "t" is null', t, { sql: null }],
    ['on() was given "orders": expected topic(name, codec)', 'orders', {}],
    ['on() was given undefined', undefined, {}],
    ['without name or codec', {}, {}],
    ['without name or codec', { name: 5, codec: codecs.text }, {}],
    ['without name or codec', { name: 't' }, {}],
  ])('is refused where it is written: %s', (message, to, filter) => {
    const error = thrownBy(() => on(to as never, filter as never))
    expect(error).toMatchObject({ code: 'ERR_RMQ_ILLEGAL', message: expect.stringContaining(message) as string })
  })

  it('tells all that is wrong with it at once', () => {
    const { message, problems, topic: about } = thrownBy(() => on(t, { tag: 'x', tags: 5, sql: '' } as never))
    expect(problems).toEqual([
      expect.stringContaining('tag is not an option'),
      'the tags of topic "t" are 5: expected a text, "a || b"',
      expect.stringContaining('by tags and by sql'),
      expect.stringContaining('is empty'),
    ])
    expect([message, about]).toEqual([expect.stringMatching(/^4 things are wrong with a subscription: /), 't'])
  })

  it('is looked at again by its consumer, which names each of those that are wrong', async () => {
    const client = createClient({ nameServers: 'n:1', logger: false })
    const subscribe = [on(topic('a b')), { topic: t, tags: 5, tag: 'x' }] as never
    const { problems } = thrownBy(() => client.consumer({ group: 'g', subscribe }))
    expect(problems).toEqual([expect.stringContaining('contains a space'), expect.stringMatching(/^2 things .*are 5/)])
    await client.close()
  })
})
