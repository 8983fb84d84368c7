import Long from 'long'
import { of } from 'rxjs'
import { expect } from 'vitest'
import { codecs, createClient, message, topic } from '../../src/index.ts'
import type { Client, MessageOptions, Producer, Topic } from '../../src/index.ts'
import { decodeFrame } from '../../src/protocol/frames/frame-codec.ts'
import type { Frame } from '../../src/protocol/frames/frame.ts'
import { encodeOffsetId } from '../../src/protocol/messages/message-id.ts'
import { encodeRecallHandle } from '../../src/protocol/recall-handle.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { RESPONSE } from '../../src/protocol/responses.ts'
import { answers, fakeCluster } from './fake-cluster.ts'
import { aRequest } from './fake-replies.ts'
import { fakeTransport } from './fake-transport.ts'
import type { Handlers, Vector } from './golden.ts'
import { wireContent } from './wire-content.ts'
import type { WireContent } from './wire-content.ts'

/** What a kind of message is made with; `at` is a time of delivery. */
interface Making {
  readonly client: Client
  readonly producer: Producer
  readonly of: Topic<string, string>
  readonly at: number
}

const HANDLE = encodeRecallHandle({ topic: 'RecordedTopic', brokerName: 'broker-a', timestamp: '1', messageId: 'M' })
const STORED = {
  msgId: encodeOffsetId({ address: '127.0.0.1', port: 10_911 }, Long.fromNumber(4_096)),
  queueId: '0',
  queueOffset: '7',
  recallHandle: HANDLE,
}

const one = ({ producer, of: to }: Making, options: MessageOptions = {}, body = 'one message'): Promise<unknown> =>
  producer.send(message(to, body, options))

const inTransaction = async ({ client, of: to }: Making, decision: 'commit' | 'rollback' | 'unknown') => {
  const producer = client.transactionalProducer({ group: 'recorded-transactions', check: () => 'unknown' })
  await producer.sendInTransaction(
    message(to, 'one message'),
    () => of(decision),
    told => told ?? 'unknown',
  )
}

/** The same message as the official client's, said in our words. */
const KINDS: Readonly<Record<string, (making: Making) => Promise<unknown>>> = {
  plain: making => one(making),
  dressed: making =>
    one(making, {
      tag: 'blue',
      keys: ['order-1', 'order-2'],
      properties: { origin: 'web shop' },
      buyerId: 'buyer-7',
      instanceId: 'instance-7',
      waitForStore: false,
    }),
  sharded: making => one(making, { shardKey: 'customer-7' }),
  'delay-level': making => one(making, { deliver: { level: 3 } }),
  'deliver-at': making => one(making, { deliver: { at: making.at } }),
  'deliver-after': making => one(making, { deliver: { afterMs: 1_500 } }),
  recall: async making => {
    await one(making, { deliver: { at: making.at } })
    await making.producer.recall({ topic: making.of.name, recallHandle: HANDLE })
  },
  oneway: ({ producer, of: to }) => producer.oneway(message(to, 'one message')),
  batch: ({ producer, of: to }) =>
    producer.sendBatch([0, 1, 2].map(i => message(to, `member ${i}`, { tag: `tag-${i}`, keys: [`key-${i}`] }))),
  compressed: making => one(making, {}, 'compressible '.repeat(1_000)),
  'transaction-commit': making => inTransaction(making, 'commit'),
  'transaction-rollback': making => inTransaction(making, 'rollback'),
  'transaction-unknown': making => inTransaction(making, 'unknown'),
  request: ({ producer, of: to }) =>
    producer.request(message(to, 'one message'), topic('replies'), { timeoutMs: 2_000 }).catch(() => 'nobody replies'),
  reply: ({ producer }) => {
    const asked = { CLUSTER: 'DefaultCluster', CORRELATION_ID: 'the-correlation', REPLY_TO_CLIENT: 'the-requester' }
    const request = aRequest({ properties: { ...asked, TTL: '3000' } })
    return producer.reply({ ...request, queue: { ...request.queue, brokerName: 'broker-a' } }, 'a reply', codecs.text)
  },
}

const saying =
  (more: Readonly<Record<string, string>>, less: readonly string[] = []) =>
  (theirs: WireContent): WireContent => ({
    ...theirs,
    properties: Object.fromEntries(
      Object.entries({ ...theirs.properties, ...more }).filter(([name]) => !less.includes(name)),
    ),
  })

/** What we say more or less than the official client, by kind. */
const OTHERWISE: Readonly<Record<string, (theirs: WireContent) => WireContent>> = {
  // the key itself, under the server's name and under that of the Go client: consumers order by it
  sharded: saying({ __SHARDINGKEY: 'customer-7', SHARDING_KEY: 'customer-7' }),
  // brokers up to 5.3.3 append the properties of a batch to those of each member, which has an id of its own
  batch: saying({}, ['UNIQ_KEY']),
  // it is what missing means
  reply: saying({ WAIT: 'true' }),
}

const CODES: ReadonlySet<number> = new Set(
  [
    REQUESTS.SEND_MESSAGE_V2,
    REQUESTS.SEND_BATCH_MESSAGE,
    REQUESTS.SEND_REPLY_MESSAGE_V2,
    REQUESTS.END_TRANSACTION,
    REQUESTS.RECALL_MESSAGE,
  ].map(({ code }) => code),
)

const ours = async (kind: string, topicName: string, at: number): Promise<readonly Frame[]> => {
  const stored = () => of(answers(RESPONSE.SUCCESS, STORED))
  const transport = fakeTransport(
    fakeCluster({
      brokers: { 'broker-a': 'a:1' },
      queues: 4,
      instead: { [REQUESTS.SEND_MESSAGE_V2.code]: stored, [REQUESTS.SEND_REPLY_MESSAGE_V2.code]: stored },
    }),
  )
  await using client = createClient({ nameServers: 'n:1', clientId: 'me', logger: false, runtime: { transport } })
  const producer = client.producer({ group: 'recorded' })
  await KINDS[kind]?.({ client, producer, of: topic(topicName, codecs.text), at })
  return transport.written.map(({ frame }) => frame).filter(({ code }) => CODES.has(code))
}

const checkSend = async ({ input, frames }: Vector): Promise<void> => {
  const { kind, topic: topicName, at } = input as { readonly kind: string; readonly topic: string; readonly at: number }
  expect(KINDS).toHaveProperty(kind)
  const theirs = (frames as readonly string[]).map(hex => wireContent(decodeFrame(Buffer.from(hex, 'hex').subarray(4))))
  const said = (await ours(kind, topicName, at)).map(wireContent)
  expect(said).toEqual(theirs.map(OTHERWISE[kind] ?? (same => same)))
}

export const handlers: Handlers = { 'producer-wire': checkSend }
