import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Client, codecs, message, on, replyWith, topic } from '../../src/index.ts'
import { consume } from '../support/consuming.ts'
import { startEmbeddedTestCluster } from '../support/embedded-test-cluster.ts'
import { quietClient } from '../support/quiet-client.ts'
import { unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'
import { type JavaClient } from './java-client.ts'
import { javaPrograms } from './java-programs.ts'
import { startRealCluster } from './real-cluster.ts'

const VERSIONS = ['4.9.7', '5.3.3']
const CLUSTERS = { embedded: startEmbeddedTestCluster, real: startRealCluster }
/** Small and large, hence uncompressed and compressed. */
const TEXTS = ['plain', '東京 and Füße 😀', 'compressible '.repeat(2_000)]
const WITHIN = { timeoutMs: 30_000 }

const programOf = javaPrograms(VERSIONS)

describe.each(['embedded', 'real'] as const)('on the %s cluster', kind => {
  let cluster: TestCluster
  let ours: Client
  beforeAll(async () => {
    cluster = await CLUSTERS[kind]({ brokers: 2 })
    ours = quietClient(cluster)
  })
  afterAll(async () => {
    await ours.close({ drainMs: 0 })
    await cluster.stop()
  })

  const aTopic = async () => {
    const texts = topic(unique('questions'), codecs.text)
    await cluster.createTopic(texts.name, { queues: 2 })
    return texts
  }

  describe.each(VERSIONS)('Java %s', version => {
    let java: JavaClient
    beforeAll(() => {
      java = programOf(version).clientOf(cluster)
    })

    it('asks, and we reply', async () => {
      const texts = await aTopic()
      const consumer = ours.consumer({ group: unique('ours'), subscribe: [on(texts)], startFrom: 'first' })
      const echoing = consume(
        consumer,
        replyWith(ours.producer(), codecs.text, ({ message: { body } }) => [`re: ${body}`]),
      )
      for (const body of TEXTS) {
        const reply = await java.request({ topic: texts.name, body }, WITHIN.timeoutMs)
        expect(reply.body.toString()).toBe(`re: ${body}`)
      }
      await expect.poll(() => echoing.processed.map(({ settlement }) => settlement)).toEqual(TEXTS.map(() => 'acked'))
      echoing.unsubscribe()
    })

    it('replies to what we ask', async () => {
      const texts = await aTopic()
      await java.echo(unique('java'), texts.name)
      const producer = ours.producer()
      for (const body of TEXTS) {
        const reply = await producer.request(message(texts, body), topic('echo', codecs.text), WITHIN)
        expect(reply.body === body).toBe(true)
        expect(reply.properties).toMatchObject({ REPLY_TO_CLIENT: ours.clientId, MSG_TYPE: 'reply' })
      }
    })
  })
})
