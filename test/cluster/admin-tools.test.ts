import { EMPTY } from 'rxjs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Client, codecs, message, on, topic } from '../../src/index.ts'
import { caughtUp, consume, processedCount } from '../support/consuming.ts'
import { PATIENT, quietClient } from '../support/quiet-client.ts'
import { startEmbeddedTestCluster } from '../support/embedded-test-cluster.ts'
import { unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'
import { mqadmin } from './mqadmin.ts'
import { startRealCluster } from './real-cluster.ts'

const CLUSTERS = { embedded: startEmbeddedTestCluster, real: startRealCluster }
const QUEUES = 2
const MESSAGES = 6
const SOON = { timeout: 30_000 }

describe.each(['embedded', 'real'] as const)('the official admin tool on the %s cluster', kind => {
  let cluster: TestCluster
  let client: Client
  beforeAll(async () => {
    cluster = await CLUSTERS[kind]()
  })
  afterAll(() => cluster.stop())
  afterEach(() => client.close())

  /** A running consumer of ours that has consumed everything and said so; its handler notes what it was given. */
  const aConsumer = async (handle: (body: string, times: number) => void = () => undefined) => {
    client = quietClient(cluster, { timing: { commitMs: 200 } })
    const orders = topic(unique('orders'), codecs.text)
    await cluster.createTopic(orders.name, { queues: QUEUES })
    const ids: string[] = []
    for (let n = 0; n < MESSAGES; n++) {
      const { offsetMessageId } = await client.producer(PATIENT).send(message(orders, `m${n}`))
      ids.push(offsetMessageId)
    }
    const group = unique('group')
    const given: string[] = []
    const consumer = client.consumer({ group, subscribe: [on(orders)], startFrom: 'first' })
    const consuming = consume(consumer, ({ message: { body } }) => {
      given.push(body)
      handle(body, given.filter(one => one === body).length)
      return EMPTY
    })
    await processedCount(consuming, MESSAGES)
    await caughtUp(consumer)
    return { group, topicName: orders.name, ids, given, clientId: client.clientId }
  }

  it('sees how far a group of ours is, and that nothing is left', async () => {
    const { group, topicName } = await aConsumer()
    const progress = async () =>
      (await mqadmin(cluster, 'consumerProgress', '-g', group))
        .split('\n')
        .filter(line => line.startsWith(topicName))
        .map(line => line.split(/\s+/).slice(3, 5).map(Number))
    await expect
      .poll(async () => (await progress()).every(([stored, consumed]) => stored === consumed), SOON)
      .toBe(true)
    const rows = await progress()
    expect(rows).toHaveLength(QUEUES)
    expect(rows.reduce((sum, [stored = 0]) => sum + stored, 0)).toBe(MESSAGES)
  })

  it('reads what a consumer of ours tells of itself', async () => {
    const { group, topicName, clientId } = await aConsumer()
    const told = await mqadmin(cluster, 'consumerStatus', '-g', group, '-i', clientId)
    expect(told).toMatch(/PROP_CONSUME_TYPE\s*: CONSUME_PASSIVELY/)
    expect(told).toMatch(/PROP_CONSUMER_START_TIMESTAMP\s*: \d{13}/)
    expect(told).toContain(`${cluster.nameServers[0] ?? ''};`)
    expect(told).toMatch(new RegExp(`Topic: ${topicName}\\s+ClassFilter: false\\s+SubExpression: \\*`))
    const held = told.split('\n').filter(line => line.startsWith(topicName) && line.includes('broker-a'))
    expect(held.length).toBeGreaterThanOrEqual(QUEUES)
  })

  it('sends a running consumer of ours back to the beginning', async () => {
    const { group, topicName, given } = await aConsumer()
    await mqadmin(cluster, 'resetOffsetByTime', '-g', group, '-t', topicName, '-s', '1', '-f', 'true')
    await expect.poll(() => given.length, SOON).toBe(2 * MESSAGES)
    expect([...new Set(given)].sort()).toEqual(Array.from({ length: MESSAGES }, (_, n) => `m${n}`))
  })

  it('has a message consumed again by the consumer of its choice, and hears how that went', async () => {
    const { group, topicName, ids, given, clientId } = await aConsumer((body, times) => {
      if (body === 'm1' && times > 1) throw new Error('not again')
    })
    const ofTopic = cluster.version.startsWith('4.') ? [] : ['-t', topicName]
    const direct = (id = '') => mqadmin(cluster, 'queryMsgById', '-i', id, ...ofTopic, '-g', group, '-d', clientId)
    expect(await direct(ids[0])).toContain('consumeResult=CR_SUCCESS')
    expect(given.slice(MESSAGES)).toEqual(['m0'])
    const failed = await direct(ids[1])
    expect(failed).toMatch(/consumeResult=(CR_THROW_EXCEPTION|CR_LATER)/)
    expect(given.slice(MESSAGES)).toEqual(['m0', 'm1'])
  })
})
