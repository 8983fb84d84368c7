import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { startEmbeddedCluster } from '../../src/embedded/index.ts'
import { resolveOptions } from '../../src/embedded/options.ts'
import { startEmbeddedTestCluster } from '../support/embedded-test-cluster.ts'
import { aBroker, aCluster, anAsker, eventually, sleep } from './cluster.ts'
import { bodiesOf, heartbeat, pullFields, sendFields } from './requests.ts'

const SEND = 310
const PULL = 11
const ROUTE = 105

const refusesConnections = (address: string | undefined): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect({ host: '127.0.0.1', port: Number(address!.split(':')[1]) })
    socket.once('error', () => resolve(true))
    socket.once('connect', () => {
      socket.destroy()
      resolve(false)
    })
  })

describe('an embedded cluster', () => {
  it('starts on loopback, each server on a port of its own', async () => {
    const cluster = await aCluster({ brokers: 3 })
    const addresses = [...cluster.nameServers, ...cluster.brokers]
    expect(new Set(addresses).size).toBe(4)
    expect(addresses.every(address => /^127\.0\.0\.1:\d+$/.test(address))).toBe(true)
  })

  it('listens on the ports it is told', async () => {
    const first = await startEmbeddedCluster()
    const ports = [...first.nameServers, ...first.brokers].map(address => Number(address.split(':')[1]))
    await first.stop()
    const cluster = await aCluster({ nameServerPort: ports[0], brokerPorts: [ports[1]!] })
    expect(cluster.nameServers).toEqual(first.nameServers)
    expect(cluster.brokers).toEqual(first.brokers)
  })

  it('rejects when a port is taken, and leaves nothing behind', async () => {
    const other = await aCluster()
    const taken = Number(other.brokers[0]!.split(':')[1])
    await expect(startEmbeddedCluster({ brokers: 2, brokerPorts: [0, taken] })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
    await expect(startEmbeddedCluster({ nameServerPort: taken })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  it('advertises IPv6 addresses in brackets', async () => {
    const { cluster, broker } = await aBroker({ host: '::1', topics: { orders: 1 } })
    expect(cluster.brokers[0]).toMatch(/^\[::1\]:\d+$/)
    const answer = await broker.ask(SEND, sendFields('orders', 0), 'x')
    expect(answer.fields['msgId']).toHaveLength(56)
    expect(cluster.peek('orders')[0]).toMatchObject({ bornHost: { address: '::1' }, storeHost: { address: '::1' } })
  })

  it('advertises another host than it listens on when it is told to', async () => {
    const cluster = await aCluster({ advertisedHost: '10.1.2.3' })
    expect(cluster.brokers[0]).toMatch(/^10\.1\.2\.3:\d+$/)
  })

  it('advertises loopback when it listens on every address', () => {
    expect(resolveOptions({ host: '0.0.0.0' })).toMatchObject({ host: '0.0.0.0', advertisedHost: '127.0.0.1' })
    expect(resolveOptions({ host: '::' })).toMatchObject({ host: '::', advertisedHost: '::1' })
  })

  it.each([
    [{ brokers: 0 }, /brokers/],
    [{ brokers: 1.5 }, /brokers/],
    [{ nameServerPort: 70_000 }, /nameServerPort/],
    [{ brokerPorts: [1, 2] }, /brokerPorts/],
    [{ topics: { orders: 0 } }, /orders/],
    [{ topics: { 'or ders': 1 } }, /space/],
    [{ topics: { TBW102: 1 } }, /TBW102/],
    [{ delayLevels: 'soon' }, /soon/],
    [{ idleMs: 0 }, /idleMs/],
    [{ maxStoreBytes: -1 }, /maxStoreBytes/],
    [{ advertisedHost: 'localhost' }, /localhost/],
  ])('refuses %o and says why', async (options, why) => {
    await expect(startEmbeddedCluster(options)).rejects.toMatchObject({
      code: 'ERR_RMQ_ILLEGAL',
      message: expect.stringMatching(why) as string,
    })
  })

  it('closes every connection and port when it stops, again and again', async () => {
    const cluster = await startEmbeddedCluster({ brokers: 2 })
    const askers = await Promise.all([...cluster.nameServers, ...cluster.brokers].map(anAsker))
    await cluster.stop()
    await Promise.all(askers.map(asker => asker.closed))
    for (const address of [...cluster.nameServers, ...cluster.brokers])
      expect(await refusesConnections(address)).toBe(true)
    await cluster.stop()
    await cluster[Symbol.asyncDispose]()
  })

  it('refuses to speak of a broker that it does not have', async () => {
    const cluster = await aCluster()
    await expect(cluster.killBroker(1)).rejects.toMatchObject({ code: 'ERR_RMQ_ILLEGAL' })
    expect(() => cluster.offsets('g', 't', 4)).toThrow(/no broker 4/)
  })
})

describe('a broker that dies', () => {
  it('drops its connections and its route at once', async () => {
    const { cluster, broker } = await aBroker({ brokers: 2, topics: { orders: 1 } })
    const nameServer = await anAsker(cluster.nameServers[0])
    await cluster.killBroker(0)
    await broker.closed
    expect(await refusesConnections(cluster.brokers[0])).toBe(true)
    const route = await nameServer.ask(ROUTE, { topic: 'orders' })
    expect(route.body.toString()).not.toContain('broker-a')
    expect(route.body.toString()).toContain('broker-b')
    await cluster.killBroker(1)
    expect((await nameServer.ask(ROUTE, { topic: 'orders' })).code).toBe(17)
  })

  it('comes back on its port with topics, messages, groups and offsets, but without members', async () => {
    const { cluster, broker } = await aBroker()
    await broker.ask(SEND, sendFields('orders', 0), 'before')
    await broker.ask(34, {}, heartbeat('c', 'g', { orders: '*' }))
    await broker.ask(15, { consumerGroup: 'g', topic: 'orders', queueId: '0', commitOffset: '1' })
    await cluster.killBroker()
    await cluster.restartBroker()
    const again = await anAsker(cluster.brokers[0])
    expect((await again.ask(SEND, sendFields('orders', 0), 'after')).fields['queueOffset']).toBe('1')
    expect(bodiesOf(await again.ask(PULL, pullFields('orders', 0)))).toEqual(['before', 'after'])
    expect((await again.ask(14, { consumerGroup: 'g', topic: 'orders', queueId: '0' })).fields['offset']).toBe('1')
    expect((await again.ask(38, { consumerGroup: 'g' })).code).toBe(1)
    const nameServer = await anAsker(cluster.nameServers[0])
    expect((await nameServer.ask(ROUTE, { topic: 'orders' })).code).toBe(0)
  })

  it('cannot be restarted while it runs', async () => {
    const cluster = await aCluster()
    await expect(cluster.restartBroker()).rejects.toMatchObject({ code: 'ERR_RMQ_ILLEGAL' })
  })

  it('stays dead when the cluster stops while it comes back', async () => {
    const cluster = await startEmbeddedCluster()
    await cluster.killBroker()
    const restarted = cluster.restartBroker()
    const stopped = cluster.stop()
    await expect(restarted).rejects.toMatchObject({ code: 'ERR_RMQ_CLOSED' })
    await stopped
    await eventually(() => refusesConnections(cluster.brokers[0]), 'the port is free')
  })
})

describe('a broker that is stopped in order', () => {
  it('leaves the route and closes its connections after what it has answered', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    const answer = await broker.ask(SEND, sendFields('orders', 0), 'x')
    expect(answer.code).toBe(0)
    await cluster.stopBroker()
    await broker.closed
    const nameServer = await anAsker(cluster.nameServers[0])
    expect((await nameServer.ask(ROUTE, { topic: 'orders' })).code).toBe(17)
    await cluster.restartBroker()
    expect(cluster.peek('orders')).toHaveLength(1)
  })
})

describe('a broker that is paused', () => {
  it('takes connections and bytes, carries nothing out, and does it all when resumed', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    cluster.pauseBroker()
    const fresh = await anAsker(cluster.brokers[0])
    const answers = [broker, fresh].map(asker => asker.ask(SEND, sendFields('orders', 0), 'patient'))
    await sleep(80)
    expect(cluster.peek('orders')).toEqual([])
    const nameServer = await anAsker(cluster.nameServers[0])
    expect((await nameServer.ask(ROUTE, { topic: 'orders' })).code).toBe(0)
    cluster.resumeBroker()
    expect((await Promise.all(answers)).map(answer => answer.code)).toEqual([0, 0])
    expect(cluster.peek('orders')).toHaveLength(2)
  })

  it('neither delivers delayed messages nor answers held pulls meanwhile', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 }, delayLevels: '40ms' })
    let answered = false
    const pull = broker.ask(PULL, pullFields('orders', 0, { holdMs: 60 }))
    void pull.then(() => {
      answered = true
    })
    await broker.ask(SEND, sendFields('orders', 0, { DELAY: '1' }), 'later')
    cluster.pauseBroker()
    await sleep(120)
    expect([answered, cluster.peek('orders').length]).toEqual([false, 0])
    cluster.resumeBroker()
    await pull
    await eventually(() => cluster.peek('orders').length === 1, 'the delayed message is delivered')
  })

  it('can be killed and restarted', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    cluster.pauseBroker()
    await cluster.killBroker()
    await broker.closed
    await cluster.restartBroker()
    const again = await anAsker(cluster.brokers[0])
    expect((await again.ask(SEND, sendFields('orders', 0), 'x')).code).toBe(0)
  })
})

describe('the driver of the behaviour suite', () => {
  it('has the verbs of the real cluster', async () => {
    const cluster = await startEmbeddedTestCluster({ brokers: 2 })
    await cluster.createTopic('orders', { queues: 2 })
    await cluster.createGroup('g', { retryMaxTimes: 1 })
    await cluster.killBroker(1)
    await cluster.restartBroker(1)
    await cluster.pauseBroker(0)
    await cluster.resumeBroker(0)
    await cluster.stopBroker(0)
    await cluster.restartBroker(0)
    const broker = await anAsker(cluster.brokers[0])
    expect((await broker.ask(SEND, sendFields('orders', 1), 'x')).code).toBe(0)
    expect(cluster).toMatchObject({ kind: 'embedded', version: '5.3.3' })
    await cluster.stop()
    await broker.closed
  })
})
