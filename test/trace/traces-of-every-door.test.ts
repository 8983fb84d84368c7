import { lastValueFrom, of } from 'rxjs'
import { expect, it } from 'vitest'
import { codecs, createClient, message, topic } from '../../src/index.ts'
import type { MessageOptions, Producer, TransactionalProducer } from '../../src/index.ts'
import { decodeTraceRecords } from '../../src/protocol/bodies/message-trace.ts'
import type { TraceRecord } from '../../src/protocol/bodies/message-trace.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { RESPONSE } from '../../src/protocol/responses.ts'
import { failureOf } from '../support/failure.ts'
import { aRequest } from '../support/fake-replies.ts'
import { answers, fakeCluster } from '../support/fake-cluster.ts'
import { fakeTransport } from '../support/fake-transport.ts'
import type { Script } from '../support/fake-transport.ts'

const SEND = REQUESTS.SEND_MESSAGE_V2.code
const ID_A = '7F00000100002A9F0000000000000001'
const ID_B = '7F00000100002A9F0000000000000002'
const stored =
  (msgId: string): Script =>
  () =>
    of(answers(RESPONSE.SUCCESS, { msgId, queueId: '0', queueOffset: '0' }))
const of$ = (options: MessageOptions = {}, body = 'hello') => message(topic('t'), Buffer.from(body), options)

/** What is traced of whatever is done with a producer, once the client has closed. */
const tracesOf = async (
  use: (producer: Producer, transactional: TransactionalProducer) => Promise<unknown>,
  instead: Readonly<Record<number, Script>> = {},
): Promise<readonly TraceRecord[]> => {
  const cluster = fakeCluster({ instead: { [SEND]: stored(ID_A), [REQUESTS.SEND_BATCH_MESSAGE.code]: stored(`${ID_A},${ID_B}`), ...instead } }) // prettier-ignore
  const transport = fakeTransport(cluster)
  const client = createClient({ nameServers: 'n:1', logger: false, runtime: { transport, random: () => 0 } })
  const trace = { topic: 'traces' }
  await use(
    client.producer({ group: 'g', trace }),
    client.transactionalProducer({ group: 'tx', trace, check: () => 'rollback' }),
  )
  await client.close()
  const traces = transport.sent(SEND).filter(({ frame }) => frame.fields['b'] === 'traces')
  return traces.flatMap(({ frame }) => decodeTraceRecords(frame.body.toString()))
}

it('each message of a batch has its own record: its id, its bytes, the id that the broker gave it', async () => {
  const records = await tracesOf(producer =>
    producer.sendBatch([of$({ tag: 'A' }), of$({ keys: ['k', 'l'] }, 'longer')]),
  )
  expect(records).toMatchObject([
    { type: 'Pub', group: 'g', topic: 't', tags: 'A', bodyLength: 5, offsetMessageId: ID_A, storeHost: '127.0.0.1:10911', success: true }, // prettier-ignore
    { type: 'Pub', keys: 'k l', bodyLength: 6, offsetMessageId: ID_B, messageType: 'normal' },
  ])
  expect(new Set(records.map(({ messageId }) => messageId)).size).toBe(2)
})

it('each message of a batch that fails has its record of that', async () => {
  const failing = { [REQUESTS.SEND_BATCH_MESSAGE.code]: () => of(answers(RESPONSE.MESSAGE_ILLEGAL)) }
  const records = await tracesOf(producer => failureOf(producer.sendBatch([of$(), of$()])), failing)
  expect(records).toMatchObject([{ success: false, storeHost: 'a:1' }, { success: false, storeHost: 'a:1' }]) // prettier-ignore
})

it('what gathers is traced by message, too', async () => {
  const records = await tracesOf(producer => lastValueFrom(of(1, 2).pipe(producer.sendAll(() => of$(), { batch: {} }))))
  expect(records.map(({ type }) => type)).toEqual(['Pub', 'Pub'])
})

it.each<[string, MessageOptions, string]>([
  ['a plain message', {}, 'normal'],
  ['one with a sharding key', { shardKey: 's' }, 'normal'], // the official client knows no order when it sends
  ['one with a delay level', { delayLevel: 1 }, 'delay'],
  ['one with a level as time of delivery', { deliver: { level: 1 } }, 'delay'],
])('the type of %s is told as the official client does', async (_, options, messageType) => {
  expect(await tracesOf(producer => producer.send(of$(options)))).toMatchObject([{ type: 'Pub', messageType }])
})

it('a transaction is traced as a half message, and by its end', async () => {
  const message = of$({ tag: 'T', keys: ['k'] })
  const records = await tracesOf((_, transactional) => transactional.sendInTransaction(message, () => undefined))
  const [half, end] = records
  expect(half).toMatchObject({ type: 'Pub', group: 'tx', messageType: 'half', success: true })
  expect(end).toMatchObject({
    type: 'EndTransaction',
    group: 'tx',
    topic: 't',
    messageId: half?.messageId,
    tags: 'T',
    keys: 'k',
    storeHost: 'a:1',
    messageType: 'commit',
    state: 'COMMIT_MESSAGE',
    fromCheck: false,
  })
  expect(records).toHaveLength(2)
})

it('a transaction that is rolled back says so', async () => {
  const records = await tracesOf(
    (_, transactional) =>
    transactional.sendInTransaction(of$(), () => undefined, () => 'rollback'), // prettier-ignore
  )
  expect(records[1]).toMatchObject({ type: 'EndTransaction', state: 'ROLLBACK_MESSAGE' })
})

it('a reply is traced by whoever replies, and so is one that fails', async () => {
  const records = await tracesOf(producer => producer.reply(aRequest(), 'yes', codecs.text))
  expect(records).toMatchObject([{ type: 'Pub', group: 'g', topic: 'c_REPLY_TOPIC', bodyLength: 3, success: true }])
  const failing = { [REQUESTS.SEND_REPLY_MESSAGE_V2.code]: () => of(answers(RESPONSE.SYSTEM_ERROR)) }
  const failed = await tracesOf(producer => failureOf(producer.reply(aRequest(), 'yes', codecs.text)), failing)
  expect(failed).toMatchObject([{ topic: 'c_REPLY_TOPIC', storeHost: 'a:1', success: false }])
})

it('what is refused before it is sent is no send, and spoils no record of others', async () => {
  const records = await tracesOf(async producer => {
    await failureOf(producer.send(of$({ tag: 'a\u0001b' })))
    await failureOf(producer.send(of$({ keys: 'text' as never })))
    await producer.send(of$({ tag: 'good' }))
  })
  expect(records).toMatchObject([{ tags: 'good' }])
})

it('one-way sends are not traced, as nobody knows what becomes of them', async () => {
  const records = await tracesOf(async producer => {
    await producer.oneway(of$())
    await producer.onewayBatch([of$(), of$()])
  })
  expect(records).toEqual([])
})
