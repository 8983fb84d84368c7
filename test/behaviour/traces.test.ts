import { afterAll, beforeAll, expect, it } from 'vitest'
import { codecs, message, topic } from '../../src/index.ts'
import { decodeTraceRecords } from '../../src/protocol/bodies/message-trace.ts'
import { PATIENT, quietClient } from '../support/quiet-client.ts'
import { readAll } from '../support/stored.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget()
})
afterAll(() => cluster.stop())

const topicsOf = async () => {
  const texts = topic(unique('texts'), codecs.text)
  const traces = topic(unique('traces'), codecs.text)
  for (const { name } of [texts, traces]) await cluster.createTopic(name, { queues: 1 })
  return { texts, traces }
}

it('each message of a batch is traced by itself, under the ids that it is stored by', async () => {
  const { texts, traces } = await topicsOf()
  const client = quietClient(cluster)
  const producer = client.producer({ trace: { topic: traces.name }, ...PATIENT })
  const results = await producer.sendBatch(['a', 'bb', 'ccc'].map(body => message(texts, body, { tag: body })))
  await client.close()

  await using later = quietClient(cluster)
  const records = (await readAll(later, traces, { atLeast: 1 })).flatMap(({ body }) => decodeTraceRecords(body))
  expect(records).toMatchObject(
    results.map(({ messageId, offsetMessageId }, i) => ({
      type: 'Pub',
      topic: texts.name,
      messageId,
      offsetMessageId,
      tags: ['a', 'bb', 'ccc'][i],
      bodyLength: i + 1,
      storeHost: cluster.brokers[0],
      messageType: 'normal',
      success: true,
    })),
  )
})

it('a transaction is traced by its half message and by its end, a delayed message as such', async () => {
  const { texts, traces } = await topicsOf()
  const client = quietClient(cluster)
  const trace = { topic: traces.name }
  const transactional = client.transactionalProducer({ group: unique('tx'), trace, check: () => 'commit', ...PATIENT })
  const { result } = await transactional.sendInTransaction(message(texts, 'x', { keys: ['k'] }), () => undefined)
  await transactional.send(message(texts, 'later', { delayLevel: 1 }))
  await client.close()

  await using later = quietClient(cluster)
  const records = (await readAll(later, traces, { atLeast: 1 })).flatMap(({ body }) => decodeTraceRecords(body))
  const { messageId } = result
  expect(records).toMatchObject([
    { type: 'Pub', messageId, messageType: 'half', success: true },
    { type: 'EndTransaction', messageId, keys: 'k', messageType: 'commit', state: 'COMMIT_MESSAGE', fromCheck: false },
    { type: 'Pub', messageType: 'delay' },
  ])
})
