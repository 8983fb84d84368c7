import { map } from 'rxjs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { availableCompressions, codecs, message, topic } from '../../src/index.ts'
import type { Compressor, Interceptor, ProducerOptions } from '../../src/index.ts'
import { deflateBody } from '../../src/protocol/compression/compress.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { RESPONSE } from '../../src/protocol/responses.ts'
import { thrownBy } from '../support/failure.ts'
import { PATIENT, quietClient } from '../support/quiet-client.ts'
import { readAll } from '../support/stored.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget()
})
afterAll(() => cluster.stop())

const textTopic = async () => {
  const texts = topic(unique('texts'), codecs.text)
  await cluster.createTopic(texts.name, { queues: 1 })
  return texts
}
const LONG = 'what is said often is soon said '.repeat(300)

for (const compression of ['none', ...availableCompressions()] as const) {
  it(`a body sent with compression ${compression} is received as it was`, async () => {
    const texts = await textTopic()
    await using client = quietClient(cluster)
    const producer = client.producer({ ...PATIENT, compression, compressAboveBytes: 1_000, compressBatch: 'each' })
    await producer.send(message(texts, LONG))
    await producer.send(message(texts, 'short'))
    await producer.sendBatch(['first ', 'second '].map(start => message(texts, start + LONG)))
    await producer.sendBatch(['short ', LONG].map(body => message(texts, body)))
    const bodies = (await readAll(client, texts, { atLeast: 6 })).map(({ body }) => body)
    expect(bodies).toEqual([LONG, 'short', `first ${LONG}`, `second ${LONG}`, 'short ', LONG])
  })
}

it('a compressor of your own is asked once, however often the message is sent', async () => {
  const texts = await textTopic()
  let answers = 0
  /** As if the broker had stored the message and said the first time that it could not: it is sent again. */
  const onceBusy: Interceptor = next => call =>
    call.frame.code === REQUESTS.SEND_MESSAGE_V2.code
      ? next(call).pipe(
          map(answer => (answer !== undefined && answers++ === 0 ? { ...answer, code: RESPONSE.SYSTEM_BUSY } : answer)),
        )
      : next(call)
  await using client = quietClient(cluster, { interceptors: [onceBusy] })
  let asked = 0
  const own: Compressor = {
    type: 'zlib',
    compress: (body, level) => {
      asked++
      return deflateBody(body, level)
    },
  }
  const producer = client.producer({ ...PATIENT, compression: own, compressLevel: 9 })
  await producer.send(message(texts, LONG))
  expect([asked, answers]).toEqual([1, 2])
  const received = await readAll(client, texts, { atLeast: 2 })
  expect(received.map(({ body }) => body)).toEqual([LONG, LONG])
})

it.each<[string, ProducerOptions]>([
  ['"brotli" is no compression', { compression: 'brotli' as 'zlib' }],
  ['compressLevel is 10', { compression: 'zlib', compressLevel: 10 }],
])('what cannot be is refused when the producer is made: %s', async (says, options) => {
  await using client = quietClient(cluster)
  expect(thrownBy(() => client.producer(options))).toMatchObject({
    code: 'ERR_RMQ_ILLEGAL',
    message: expect.stringContaining(says) as string,
  })
})

it('zstd is refused where this Node.js cannot write it, and taken where it can', async () => {
  await using client = quietClient(cluster)
  const make = () => client.producer({ compression: 'zstd', compressLevel: 9 })
  if (availableCompressions().includes('zstd')) expect(make).not.toThrow()
  else expect(thrownBy(make).message).toContain('cannot write zstd')
})
