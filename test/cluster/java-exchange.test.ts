import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Client, type Inbound, message, on, topic } from '../../src/index.ts'
import { decodeOffsetId } from '../../src/protocol/messages/message-id.ts'
import { readStoredMessages } from '../../src/protocol/messages/stored-message.ts'
import { MESSAGE_FLAG } from '../../src/protocol/sys-flags.ts'
import { consume, processedCount } from '../support/consuming.ts'
import { startEmbeddedTestCluster } from '../support/embedded-test-cluster.ts'
import { javaQueueOf } from '../support/java-hash.ts'
import { quietClient } from '../support/quiet-client.ts'
import { unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'
import { askOk } from './ask.ts'
import { type JavaClient, type JavaOutbound } from './java-client.ts'
import { javaPrograms } from './java-programs.ts'
import { startRealCluster } from './real-cluster.ts'

const VERSIONS = ['4.9.7', '5.3.3']
const CLUSTERS = { embedded: startEmbeddedTestCluster, real: startRealCluster }
const QUEUES = 3
const SOON = { timeout: 20_000 }

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

/** Small and large, hence uncompressed and compressed; text and any bytes. */
const BODIES = [
  Buffer.from('plain'),
  Buffer.from('東京 and Füße 😀'),
  Buffer.from(upTo(256)),
  Buffer.from('compressible '.repeat(2_000)),
  Buffer.from(upTo(6_000).map(n => (n * n * 31 + n) % 256)),
]
const PROPERTIES = { origin: 'web shop', ключ: 'значение', smile: '😀' }
/** The hash of one is negative, that of another the least of all numbers. */
const SHARDING_KEYS = [
  ...upTo(30).map(n => `customer-${n}`),
  'ключ',
  '東京',
  'polygenelubricants',
  'The quick brown fox',
]

const programOf = javaPrograms(VERSIONS)

describe.each(['embedded', 'real'] as const)('on the %s cluster', kind => {
  let cluster: TestCluster
  let ours: Client
  beforeAll(async () => {
    cluster = await CLUSTERS[kind]({ brokers: 2 })
    ours = quietClient(cluster)
  })
  afterAll(async () => {
    await ours.close()
    await cluster.stop()
  })

  const aTopic = async () => {
    const name = unique('exchange')
    await cluster.createTopic(name, { queues: QUEUES })
    return topic(name)
  }

  /** Everything that comes to a topic of so many messages, as our consumer sees it. */
  const receivedByUs = async (name: string, count: number): Promise<readonly Inbound<string, Uint8Array>[]> => {
    const consumer = ours.consumer({ group: unique('ours'), subscribe: [on(topic(name))], startFrom: 'first' })
    const consuming = consume(consumer, () => undefined)
    await processedCount(consuming, count)
    await consumer.close()
    return consuming.processed.map(({ delivery }) => delivery.message)
  }

  describe.each(VERSIONS)('Java %s', version => {
    let java: JavaClient
    beforeAll(() => {
      java = programOf(version).clientOf(cluster)
    })

    it('receives from us what we sent: topic, tag, keys, properties, body, ids, queue and offset', async () => {
      const exchange = await aTopic()
      const producer = ours.producer()
      const sent = new Map(
        await Promise.all(
          BODIES.map(async (body, n) => {
            const options = { tag: `tag-${n}`, keys: [`key-${n}`, 'ключ'], shardKey: `s${n}`, properties: PROPERTIES }
            const result = await producer.send(message(exchange, body, options))
            return [result.messageId, { result, body, n }] as const
          }),
        ),
      )
      const consumer = await java.consume({ group: unique('java'), topic: exchange.name })
      await expect.poll(() => consumer.received.length, SOON).toBe(BODIES.length)
      await consumer.stop()
      for (const received of consumer.received) {
        const { result, body, n } = sent.get(received.messageId)!
        expect(received).toMatchObject({
          topic: exchange.name,
          tag: `tag-${n}`,
          keys: `key-${n} ключ`,
          properties: { ...PROPERTIES, __SHARDINGKEY: `s${n}` },
          offsetMessageId: result.offsetMessageId,
          brokerName: result.queue.brokerName,
          queueId: result.queue.queueId,
          queueOffset: result.queueOffset.toNumber(),
        })
        expect(received.body.equals(body)).toBe(true)
        expect(await isStoredCompressed(result.offsetMessageId)).toBe(body.length >= 4_096)
      }
    })

    it('sends to us what we receive: topic, tag, keys, properties, body, ids, queue and offset', async () => {
      const { name } = await aTopic()
      const outbound = BODIES.map((body, n): JavaOutbound => {
        return { topic: name, body, tag: `tag-${n}`, keys: [`key-${n}`, 'ключ'], properties: PROPERTIES }
      })
      const sent = await java.send(...outbound)
      const received = new Map((await receivedByUs(name, sent.length)).map(one => [one.messageId, one]))
      expect(received.size).toBe(sent.length)
      for (const [n, result] of sent.entries()) {
        const inbound = received.get(result.messageId)
        expect(inbound).toMatchObject({
          topic: name,
          tag: `tag-${n}`,
          keys: [`key-${n}`, 'ключ'],
          properties: PROPERTIES,
          offsetMessageId: result.offsetMessageId,
          queue: { topic: name, brokerName: result.brokerName, queueId: result.queueId },
        })
        expect(inbound?.queueOffset.toNumber()).toBe(result.queueOffset)
        expect(BODIES[n]!.equals(inbound!.body)).toBe(true)
        expect(await isStoredCompressed(result.offsetMessageId)).toBe(BODIES[n]!.length >= 4_096)
      }
    })

    it('chooses the same queue as we do for every sharding key', async () => {
      const exchange = await aTopic()
      const producer = ours.producer()
      const byUs: string[] = []
      for (const shardKey of SHARDING_KEYS) {
        const { queue } = await producer.send(message(exchange, Buffer.from(shardKey), { shardKey }))
        byUs.push(`${queue.brokerName}/${queue.queueId}`)
      }
      const sent = await java.send(
        ...SHARDING_KEYS.map(shardKey => ({ topic: exchange.name, body: shardKey, shardKey })),
      )
      expect(sent.map(({ brokerName, queueId }) => `${brokerName}/${queueId}`)).toEqual(byUs)
      const all = ['broker-a', 'broker-b'].flatMap(brokerName => upTo(QUEUES).map(id => `${brokerName}/${id}`))
      expect(byUs).toEqual(SHARDING_KEYS.map(key => all[javaQueueOf(key, all.length)]))
    })

    it('sends us a batch, which we receive member by member', async () => {
      const { name } = await aTopic()
      const members = BODIES.map((body, n) => ({ topic: name, body, tag: `tag-${n}`, properties: PROPERTIES }))
      const sent = await java.sendBatch(...members)
      const received = (await receivedByUs(name, BODIES.length)).toSorted((a, b) =>
        a.queueOffset.compare(b.queueOffset),
      )
      expect(received.map(({ tag }) => tag)).toEqual(members.map(({ tag }) => tag))
      expect(received.every(({ body }, n) => BODIES[n]!.equals(body))).toBe(true)
      expect(received.map(({ offsetMessageId }) => offsetMessageId)).toEqual(sent.offsetMessageId.split(','))
      expect(received.map(({ properties }) => properties)).toMatchObject(members.map(() => PROPERTIES))
      const ids = received.map(({ messageId }) => messageId)
      if (!givesBatchIdToMembers(version)) expect(ids).toEqual(sent.messageId.split(','))
      else expect(new Set(ids).size).toBe(1)
    })
  })

  /** A 5.x client gives a batch an id besides those of its members, and a broker up to 5.3.3 gives it to all members. */
  const givesBatchIdToMembers = (javaVersion: string): boolean =>
    !javaVersion.startsWith('4.') && cluster.version.localeCompare('5.3.3', 'en', { numeric: true }) <= 0
})

/** Asks the broker that an offset id names for the record itself. */
const isStoredCompressed = async (offsetMessageId: string): Promise<boolean> => {
  const { host, physicalOffset } = decodeOffsetId(offsetMessageId)
  const { body } = await askOk(`${host.address}:${host.port}`, 33, { ext: { offset: physicalOffset.toString() } })
  return (readStoredMessages(body).messages[0]!.sysFlag & MESSAGE_FLAG.COMPRESSED) !== 0
}
