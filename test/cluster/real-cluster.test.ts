import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, askOk } from './ask.ts'
import { isAlive } from './lock.ts'
import { type RealCluster, startRealCluster } from './real-cluster.ts'
import { sendRaw } from './readiness.ts'
import { findJava, findMaven } from './tools.ts'

describe('a real cluster', () => {
  let cluster: RealCluster
  let broker: string

  beforeAll(async () => {
    cluster = await startRealCluster()
    broker = cluster.brokers[0]!
  })

  afterAll(() => cluster.stop())

  /** By the index of the queue, which a broker writes a moment after it has acknowledged a message: to be polled. */
  const storedIn = async (topic: string) =>
    Number((await askOk(broker, 30, { ext: { topic, queueId: '0' } })).ext['offset'])

  it('runs the version that was asked for, 5.3.3 unless the environment names another', async () => {
    const { body } = await askOk(broker, 28)
    expect(cluster.version).toBe(process.env['ROCKETMQ_VERSION'] ?? '5.3.3')
    expect(body.toString()).toContain(`V${cluster.version.replaceAll('.', '_')}`)
  })

  it('has a new topic in its route, with the wanted number of queues', async () => {
    await cluster.createTopic('fresh', { queues: 3 })
    const ext = { topic: 'fresh', acceptStandardJsonOnly: 'true' }
    const route = JSON.parse((await askOk(cluster.nameServers[0]!, 105, { ext })).body.toString()) as unknown
    expect(route).toMatchObject({
      brokerDatas: [{ brokerName: 'broker-a', brokerAddrs: { 0: broker } }],
      queueDatas: [{ brokerName: 'broker-a', readQueueNums: 3, writeQueueNums: 3, perm: 6 }],
    })
  })

  it('knows a created group and how often it retries', async () => {
    await cluster.createGroup('patient', { retryMaxTimes: 2 })
    const groups = JSON.parse((await askOk(broker, 201)).body.toString()) as unknown
    expect(groups).toMatchObject({ subscriptionGroupTable: { patient: { retryMaxTimes: 2 } } })
  })

  it('keeps its messages when a broker is killed and restarted', async () => {
    await cluster.createTopic('lasting')
    await sendRaw(broker, 'lasting', 'hello')
    await cluster.killBroker()
    await expect(ask(broker, 28)).rejects.toThrow('ECONNREFUSED')
    await cluster.restartBroker()
    await expect.poll(() => storedIn('lasting')).toBe(1)
  })

  it('comes back also from a kill in the moment in which it created a file', async () => {
    const queue = join(cluster.folder, 'broker-a/store/consumequeue/unborn/0')
    await mkdir(queue, { recursive: true })
    await writeFile(join(queue, '00000000000000000000'), '')
    await cluster.killBroker()
    await cluster.restartBroker()
    await sendRaw(broker, 'BenchmarkTest', 'hello')
  })

  it('does not answer while a broker is paused, and carries out what it was asked once resumed', async () => {
    await cluster.createTopic('paused')
    await cluster.pauseBroker()
    await expect(ask(broker, 28, { timeoutMs: 500 })).rejects.toThrow('no answer within 500 ms')
    const sent = sendRaw(broker, 'paused', 'sent meanwhile')
    await cluster.resumeBroker()
    await sent
    await expect.poll(() => storedIn('paused')).toBe(1)
  })

  it('comes back after an orderly stop of a broker', async () => {
    await cluster.createTopic('orderly')
    await sendRaw(broker, 'orderly', 'hello')
    await cluster.stopBroker()
    await cluster.restartBroker()
    await expect.poll(() => storedIn('orderly')).toBe(1)
  })

  it('leaves neither a process nor a file behind when it is stopped', async () => {
    const { processIds, folder } = cluster
    expect(processIds).toHaveLength(2)
    expect(existsSync(folder)).toBe(true)
    await cluster.stop()
    expect(processIds.filter(isAlive)).toEqual([])
    expect(cluster.processIds).toEqual([])
    expect(existsSync(folder)).toBe(false)
  })
})

describe('a real cluster of two brokers', () => {
  it('spreads a topic over both and refuses topics that nobody created, when asked to', async () => {
    const cluster = await startRealCluster({ brokers: 2, autoCreateTopics: false })
    try {
      await cluster.createTopic('wide', { queues: 2 })
      for (const broker of cluster.brokers) {
        await sendRaw(broker, 'wide', 'hello')
        await expect(sendRaw(broker, 'unknown', 'hello')).rejects.toThrow('answer 17')
      }
    } finally {
      await cluster.stop()
    }
  })
})

describe('a machine without the tools', () => {
  it('is told to install a JDK when there is no java', async () => {
    await expect(findJava('')).rejects.toThrow(/^Install JDK 17 or later .*no java was found on the PATH\.$/)
  })

  it('is told to install Maven when there is no mvn', async () => {
    await expect(findMaven('')).rejects.toThrow(/^Install Apache Maven 3\.8 or later .*no mvn was found on the PATH\.$/)
  })

  it('is told that its version of RocketMQ does not exist', async () => {
    await expect(startRealCluster({ version: 'latest' })).rejects.toThrow('"latest" is no version of Apache RocketMQ')
  })
})
