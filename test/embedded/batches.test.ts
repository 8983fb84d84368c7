import { describe, expect, it } from 'vitest'
import { encodeBatchBody } from '../../src/protocol/messages/client-batch.ts'
import { decodeOffsetId } from '../../src/protocol/messages/message-id.ts'
import { writeProperties } from '../../src/protocol/messages/properties.ts'
import { aBroker } from './cluster.ts'
import { bodiesOf, pullFields, sendFields } from './requests.ts'

const SEND_BATCH = 320
const BATCH = { m: 'true' }

const batchOf = (...members: readonly (readonly [body: string, properties?: Record<string, string>])[]): Buffer =>
  encodeBatchBody(
    members.map(([body, properties = {}], flag) => ({ flag: flag + 5, body: Buffer.from(body), properties })),
  )

describe('a batch sent to the embedded broker', () => {
  it('becomes messages of their own, one after the other in one queue', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 2 } })
    await broker.ask(310, sendFields('orders', 1), 'before')
    const body = batchOf(
      ['one', { UNIQ_KEY: 'A', TAGS: 'x' }],
      ['two', { UNIQ_KEY: 'B', KEYS: 'k' }],
      ['three', { UNIQ_KEY: 'C' }],
    )
    const answer = await broker.ask(SEND_BATCH, sendFields('orders', 1, { WAIT: 'true' }, BATCH), body)
    expect(answer).toMatchObject({ code: 0, fields: { queueId: '1', queueOffset: '1', MSG_REGION: 'DefaultRegion' } })
    expect(answer.fields).not.toHaveProperty('transactionId')
    const stored = cluster.peek('orders').slice(1)
    expect(stored.map(({ storedBody }) => storedBody.toString())).toEqual(['one', 'two', 'three'])
    expect(stored.map(({ queueOffset }) => queueOffset.toNumber())).toEqual([1, 2, 3])
    expect(stored.map(({ flag }) => flag)).toEqual([5, 6, 7])
    expect(stored[0]).toMatchObject({ queueId: 1, bornTimestamp: 1_700_000_000_000, sysFlag: 0 })
    const places = answer.fields['msgId']!.split(',').map(id => decodeOffsetId(id).physicalOffset)
    expect(places).toEqual(stored.map(({ physicalOffset }) => physicalOffset))
  })

  it('gives its members their own properties, and those of the batch and of the cluster', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    const body = batchOf(['one', { UNIQ_KEY: 'A', TAGS: 'x' }], ['two'])
    await broker.ask(SEND_BATCH, sendFields('orders', 0, { WAIT: 'false' }, BATCH), body)
    expect(cluster.peek('orders').map(({ properties }) => ({ ...properties }))).toEqual([
      { UNIQ_KEY: 'A', TAGS: 'x', WAIT: 'false', CLUSTER: 'DefaultCluster' },
      { WAIT: 'false', CLUSTER: 'DefaultCluster' },
    ])
  })

  it('that has a unique key itself gives it to all its members, as 5.3 brokers do', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    const body = batchOf(['one', { UNIQ_KEY: 'A' }], ['two', { UNIQ_KEY: 'B' }])
    const answer = await broker.ask(SEND_BATCH, sendFields('orders', 0, { UNIQ_KEY: 'BATCH' }, BATCH), body)
    expect(answer.fields['transactionId']).toBe('BATCH')
    expect(cluster.peek('orders').map(({ properties }) => properties['UNIQ_KEY'])).toEqual(['BATCH', 'BATCH'])
  })

  it('of an old client, whose properties end without a separator, keeps them apart from the others', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    const whole = batchOf(['one', { KEYS: 'k' }])
    const body = Buffer.from(whole.subarray(0, -1))
    body.writeInt32BE(body.length, 0)
    body.writeInt16BE(writeProperties({ KEYS: 'k' }).length - 1, 23)
    await broker.ask(SEND_BATCH, sendFields('orders', 0, { WAIT: 'true' }, BATCH), body)
    expect(cluster.peek('orders')[0]?.properties).toMatchObject({ KEYS: 'k', WAIT: 'true' })
  })

  it('is filtered member by member', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    await broker.ask(
      SEND_BATCH,
      sendFields('orders', 0, {}, BATCH),
      batchOf(['a', { TAGS: 'x' }], ['b', { TAGS: 'y' }]),
    )
    expect(bodiesOf(await broker.ask(11, pullFields('orders', 0, { subscription: 'y' })))).toEqual(['b'])
  })

  it('wakes a waiting pull once, with all of it', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    const pull = broker.ask(11, pullFields('orders', 0, { holdMs: 3_000 }))
    await broker.ask(SEND_BATCH, sendFields('orders', 0, {}, BATCH), batchOf(['a'], ['b']))
    expect(bodiesOf(await pull)).toEqual(['a', 'b'])
  })
})

describe('the embedded broker refuses a batch', () => {
  const cut = batchOf(['one'], ['two']).subarray(0, -1)
  it.each<[string, number, Record<string, string>, Buffer, RegExp]>([
    ['to a retry topic', 13, sendFields('%RETRY%g', 0, {}, BATCH), batchOf(['x']), /retry topic/],
    ['with a delay', 13, sendFields('orders', 0, { DELAY: '2' }, BATCH), batchOf(['x']), /delayed/],
    ['of a transaction', 13, { ...sendFields('orders', 0, {}, BATCH), f: '4' }, batchOf(['x']), /transaction/],
    ['of more than 4 MiB', 1, sendFields('orders', 0, {}, BATCH), Buffer.alloc(4_194_305), /4194304/],
    ['that is cut off', 1, sendFields('orders', 0, {}, BATCH), cut, /member 2/],
    [
      'with more than 32,767 bytes of properties in a member',
      13,
      sendFields('orders', 0, { a: 'x'.repeat(16_000) }, BATCH),
      batchOf(['x'], ['y', { b: 'y'.repeat(17_000) }]),
      /32767/,
    ],
  ])('%s with code %i, and stores none of it', async (_, code, fields, body, remark) => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    const answer = await broker.ask(SEND_BATCH, fields, body)
    expect(answer.code).toBe(code)
    expect(answer.remark).toMatch(remark)
    expect(cluster.peek('orders')).toEqual([])
  })
})
