import { firstValueFrom, of } from 'rxjs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { codecs, message, on, topic } from '../../src/index.ts'
import type { Credentials } from '../../src/index.ts'
import { consume, processedCount } from '../support/consuming.ts'
import { failureOf } from '../support/failure.ts'
import { eventsOf, ofType, PATIENT, quietClient } from '../support/quiet-client.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'

const GOOD: Credentials = { accessKey: 'clusterAdmin', secretKey: 'clusterAdminSecret' }
const WRONG: Credentials = { accessKey: 'clusterAdmin', secretKey: 'another secret' }

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget({ credentials: GOOD })
})
afterAll(() => cluster.stop())

const textTopic = async () => {
  const texts = topic(unique('texts'), codecs.text)
  await cluster.createTopic(texts.name, { queues: 1 })
  return texts
}

it('who signs may send and consume', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster, { credentials: GOOD })
  const events = eventsOf(client)
  for (const body of ['a', 'b']) {
    expect((await client.producer(PATIENT).send(message(texts, body, { tag: 'é', keys: ['k'] }))).status).toBe('ok')
  }
  const consumer = client.consumer({ group: unique('g'), subscribe: [on(texts)], startFrom: 'first' })
  const got = consume(consumer, () => undefined)
  await processedCount(got, 2)
  expect(ofType(events, 'heartbeat-failed')).toEqual([])
  expect(ofType(events, 'heartbeat-confirmed').length).toBeGreaterThan(0)
})

it.each([
  ['nobody', undefined],
  ['an unknown user', { accessKey: 'somebodyElse', secretKey: 'clusterAdminSecret' }],
  ['a wrong secret', WRONG],
])('a send signed by %s is refused with ERR_RMQ_AUTH, and not repeated', async (_, credentials) => {
  const texts = await textTopic()
  await using client = quietClient(cluster, credentials === undefined ? {} : { credentials })
  const error = await failureOf(client.producer(PATIENT).send(message(texts, 'x')))
  expect(error).toMatchObject({ code: 'ERR_RMQ_AUTH', sent: 'no', retriable: false })
  expect(error.attempts).toHaveLength(1)
  expect(error.advice).toContain('credentials')
  // since 5.3 a code of its own; before it the one for any failure
  expect(error.responseCode).toBe(cluster.version.startsWith('4.') ? 1 : 16)
  const said = { nobody: /username cannot be null|No accessKey/, other: /not found|No acl config|signature failed/i }
  expect(error.remark).toMatch(credentials === undefined ? said.nobody : said.other)
})

it('credentials that change are asked for again when a broker refuses the old ones, and the send succeeds', async () => {
  const texts = await textTopic()
  let asked = 0
  await using client = quietClient(cluster, { credentials: () => of(asked++ === 0 ? WRONG : GOOD) })
  const producer = client.producer(PATIENT)
  await client.ready() // a name server asks nobody, so the wrong ones are kept
  await new Promise(resolve => setTimeout(resolve, 1_100)) // younger ones are not asked for again
  expect((await producer.send(message(texts, 'x'))).status).toBe('ok')
  expect((await producer.send(message(texts, 'y'))).status).toBe('ok')
  expect(asked).toBe(2)
})

it('no error, event or log line tells a secret', async () => {
  const texts = await textTopic()
  const lines: string[] = []
  const log = (fields: object, text: string): void => void lines.push(JSON.stringify(fields) + text)
  const credentials = { ...WRONG, securityToken: 'a secret token' }
  await using client = quietClient(cluster, { credentials, logger: { debug: log, info: log, warn: log, error: log } })
  const error = await failureOf(firstValueFrom(client.producer(PATIENT).send$(message(texts, 'x'))))
  const told = [JSON.stringify(error), error.message, ...lines].join()
  expect(lines.length).toBeGreaterThan(0)
  for (const secret of [credentials.secretKey, credentials.securityToken]) expect(told).not.toContain(secret)
})
