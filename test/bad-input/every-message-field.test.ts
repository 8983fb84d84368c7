import { afterAll, describe, expect, it } from 'vitest'
import { codecs, message, topic } from '../../src/index.ts'
import type { Outbound } from '../../src/index.ts'
import { failureOf } from '../support/failure.ts'
import { membersOf } from '../support/members-of.ts'
import { expectRefused, GOOD, NO_NUMBER, othersGoOn, scripted } from './wrong-values.ts'
import type { Wrong } from './wrong-values.ts'

const NO_TEXT = [5, null, {}, true, ['a']]
const SEPARATORS = ['a\u0001b', 'a\u0002b']

const FIELDS: Wrong<Required<Outbound>> = {
  topic: [
    null,
    undefined,
    5,
    't',
    {},
    { name: 't' },
    { name: 't', codec: {} },
    topic(''),
    topic('a b'),
    topic(5 as never),
  ],
  body: [Buffer.alloc(0)], // anything else is the codec's: see below
  tag: ['a||b', ' a', ...SEPARATORS, ...NO_TEXT],
  keys: ['text', null, 5, {}, [''], ['a b'], [5], [null], SEPARATORS],
  shardKey: [...SEPARATORS, ...NO_TEXT],
  properties: [null, 5, 'text', true, ['a'], { a: 5 }, { a: null }, { '': 'a' }, { TAGS: 'a' }, { a: 'b\u0001' }],
  delayLevel: [0, 19, ...NO_NUMBER],
  deliver: [
    ...[null, 5, 'soon', true, [], {}, { soon: 5 }, { afterMs: undefined }],
    ...NO_NUMBER.flatMap(value => [{ afterMs: value }, { at: value }, { level: value }]),
    ...[{ level: 0 }, { level: 19 }, { at: new Date(NaN) }, { afterMs: 1, at: 1 }, { afterMs: 1, level: 1 }],
    ...[
      { at: 1, level: 1 },
      { afterMs: 1, typo: 1 },
    ],
  ],
  waitForStore: ['yes', 1, null, {}],
  buyerId: [...SEPARATORS, ...NO_TEXT],
  instanceId: [...SEPARATORS, ...NO_TEXT],
}
/** What the message of the error calls it, where that is not its name. */
const TOLD: Readonly<Record<string, RegExp>> = { keys: /\bkeys?\b/, properties: /propert(y|ies)/ }

const world = scripted()
const producer = world.client.producer()
afterAll(() => world.client.close({ drainMs: 0 }))

/** Every door that a message goes through. */
const DOORS: Readonly<Record<string, (given: Outbound) => Promise<unknown>>> = {
  send: given => producer.send(given),
  'send with an interceptor': given => world.client.producer({ interceptors: [(s, next) => next(s)] }).send(given),
  'send with a trace': given => world.client.producer({ trace: true }).send(given),
  oneway: given => producer.oneway(given),
  sendBatch: given => producer.sendBatch([GOOD, given]),
  onewayBatch: given => producer.onewayBatch([given]),
  'sendBatch with an interceptor': given =>
    world.client.producer({ interceptors: [(s, next) => next(s)] }).sendBatch([GOOD, given]),
  request: given => producer.request(given, topic('reply')),
}

describe('every field of a message', () => {
  it('has its row in the table', () => {
    const file = 'src/messages/message.ts'
    const members = [...membersOf(file, 'MessageOptions'), ...membersOf(file, 'Outbound')]
    expect(Object.keys(FIELDS).sort()).toEqual(members.sort())
  })

  it.each(Object.entries(FIELDS))(
    '%s is refused by its name for whatever it cannot be, through every door',
    async (field, values) => {
      for (const [door, send] of Object.entries(DOORS)) {
        for (const value of values) {
          const error = await failureOf(send({ ...GOOD, [field]: value }))
          expectRefused(error, TOLD[field] ?? field, `${door}: ${String(value)}`)
        }
      }
      expect(world.written()).toBe(0)
    },
  )

  it.each(Object.keys(FIELDS).filter(field => field !== 'topic' && field !== 'body'))(
    '%s may be undefined',
    async field => {
      const fresh = scripted()
      await othersGoOn(fresh, () => fresh.client.producer().send({ ...GOOD, [field]: undefined }))
      await fresh.client.close({ drainMs: 0 })
    },
  )

  it.each(Object.entries(DOORS))('%s refuses a field that does not exist, and what is no message', async (_, send) => {
    expectRefused(await failureOf(send({ ...GOOD, delaylevel: 3 } as Outbound)), 'delaylevel is not a field', 3)
    for (const value of [null, undefined, 5, 'text']) {
      expectRefused(await failureOf(send(value as never)), /^a message is /, value)
    }
    expect(world.written()).toBe(0)
  })

  it('and whatever a codec makes of a body that it was not made for, is an error of that send', async () => {
    for (const body of [null, undefined, 5, 'text', {}, [1]]) {
      const error = await failureOf(producer.send({ ...GOOD, body }))
      expect([body, error.code, error.sent]).toEqual([body, 'ERR_RMQ_ENCODE', 'no'])
    }
    const circular: Record<string, unknown> = {}
    circular['self'] = circular
    const error = await failureOf(producer.send(message(topic('t', codecs.json()), circular)))
    expect([error.code, error.topic, error.sent]).toEqual(['ERR_RMQ_ENCODE', 't', 'no'])
  })

  it('and none of it affects another send of the same producer', () => othersGoOn(world, () => producer.send(GOOD)))
})

describe('fields that contradict each other, or the way a message is sent', () => {
  const LATER = { ...GOOD, deliver: { afterMs: 1_000 } }
  const LEVEL = { ...GOOD, delayLevel: 3 }
  const transactional = world.client.transactionalProducer({ group: 'tx', check: () => 'rollback' })
  const local = () => expect.unreachable('the local part of a transaction that never began')

  it.each<[string, () => Promise<unknown>, RegExp]>([
    [
      'a delay level and a time',
      () => producer.send({ ...LEVEL, deliver: { afterMs: 5 } }),
      /deliver and delayLevel exclude/,
    ],
    ['a delay level twice', () => producer.send({ ...LEVEL, deliver: { level: 3 } }), /deliver and delayLevel exclude/],
    ['a batch of two topics', () => producer.sendBatch([GOOD, message(topic('other'), Buffer.from('x'))]), /topic/],
    [
      'a batch that waits and does not',
      () => producer.sendBatch([GOOD, { ...GOOD, waitForStore: false }]),
      /WAIT|waitForStore/i,
    ],
    ['a batch with a time of delivery', () => producer.sendBatch([GOOD, LATER]), /delay|time|deliver/i],
    ['a batch with a delay level', () => producer.sendBatch([GOOD, LEVEL]), /delay/i],
    ['a one-way batch with a delay level', () => producer.onewayBatch([GOOD, LEVEL]), /delay/i],
    [
      'a batch for a retry topic',
      () => producer.sendBatch([GOOD, GOOD].map(one => ({ ...one, topic: topic('%RETRY%g') }))),
      /retry/i,
    ],
    ['a batch of none', () => producer.sendBatch([]), /at least one/],
    ['a batch that is no list', () => producer.sendBatch(5 as never), /messages is 5: expected a list/],
    ['a batch that is nothing', () => producer.onewayBatch(null as never), /messages is null: expected a list/],
    [
      'a request with a time of delivery',
      () => producer.request(LATER, topic('r')),
      /request cannot be delayed: it has a deliver/,
    ],
    [
      'a request with a delay level',
      () => producer.request(LEVEL, topic('r')),
      /request cannot be delayed: it has a delayLevel/,
    ],
    [
      'a transaction with a time of delivery',
      () => transactional.sendInTransaction(LATER, local),
      /transaction cannot be delayed/,
    ],
    [
      'a transaction with a delay level',
      () => transactional.sendInTransaction(LEVEL, local),
      /transaction cannot be delayed/,
    ],
    ['a transaction without a local part', () => transactional.sendInTransaction(GOOD, 5 as never), /no local part/],
    [
      'a transaction with a decision for a function',
      () => transactional.sendInTransaction(GOOD, local, 'commit' as never),
      /decide is "commit"/,
    ],
    [
      'a transaction of nothing',
      () => transactional.sendInTransaction(null as never, local),
      /topic of a message is undefined/,
    ],
  ])('%s: refused before anything was sent', async (name, send, says) => {
    const before = world.written()
    expectRefused(await failureOf(send()), says, name)
    expect(world.written()).toBe(before)
  })

  it('and none of it affects another send', () => othersGoOn(world, () => producer.sendBatch([GOOD, GOOD])))
})
