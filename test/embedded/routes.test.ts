import { describe, expect, it } from 'vitest'
import { decodeClusterInfo, decodeTopicRoute } from '../../src/protocol/bodies/bodies.ts'
import { aCluster, anAsker } from './cluster.ts'
import { sendFields } from './requests.ts'

const ROUTE = 105
const CLUSTER_INFO = 106
const TOPIC_LIST = 206

describe('the embedded name server', () => {
  it('gives the route of a topic as compact JSON with quoted broker ids', async () => {
    const cluster = await aCluster({ topics: { orders: 3 } })
    const nameServer = await anAsker(cluster.nameServers[0])
    const answer = await nameServer.ask(ROUTE, { topic: 'orders' })
    expect(answer.code).toBe(0)
    expect(answer.body.toString()).toBe(
      `{"brokerDatas":[{"brokerAddrs":{"0":"${cluster.brokers[0]}"},"brokerName":"broker-a","cluster":"DefaultCluster",` +
        '"enableActingMaster":false}],"filterServerTable":{},"queueDatas":[{"brokerName":"broker-a","perm":6,' +
        '"readQueueNums":3,"topicSysFlag":0,"writeQueueNums":3}]}',
    )
  })

  it('knows no route to a topic that no broker has', async () => {
    const cluster = await aCluster()
    const nameServer = await anAsker(cluster.nameServers[0])
    const answer = await nameServer.ask(ROUTE, { topic: 'nowhere' })
    expect(answer.code).toBe(17)
    expect(answer.remark).toContain('nowhere')
  })

  it('routes the template topic only while topics may be created by sending', async () => {
    const open = await aCluster()
    const strict = await aCluster({ autoCreateTopics: false })
    const template = await (await anAsker(open.nameServers[0])).ask(ROUTE, { topic: 'TBW102' })
    expect(decodeTopicRoute(template.body).queueDatas[0]).toMatchObject({
      perm: 7,
      readQueueNums: 8,
      writeQueueNums: 8,
    })
    const none = await (await anAsker(strict.nameServers[0])).ask(ROUTE, { topic: 'TBW102' })
    expect(none.code).toBe(17)
  })

  it('lists a topic on every broker that has it, and tells the cluster', async () => {
    const cluster = await aCluster({ brokers: 2, clusterName: 'twins' })
    cluster.createTopic('everywhere', { queues: 2 })
    const broker = await anAsker(cluster.brokers[1])
    await broker.ask(310, sendFields('only-on-b', 0), 'x')
    const nameServer = await anAsker(cluster.nameServers[0])

    const everywhere = decodeTopicRoute((await nameServer.ask(ROUTE, { topic: 'everywhere' })).body)
    expect(everywhere.brokerDatas.map(data => data.brokerAddrs.get(0))).toEqual(cluster.brokers)
    const onlyOnB = decodeTopicRoute((await nameServer.ask(ROUTE, { topic: 'only-on-b' })).body)
    expect(onlyOnB.queueDatas.map(data => data.brokerName)).toEqual(['broker-b'])
    const info = decodeClusterInfo((await nameServer.ask(CLUSTER_INFO)).body)
    expect([...info.clusters]).toEqual([['twins', ['broker-a', 'broker-b']]])
    const { topicList } = JSON.parse((await nameServer.ask(TOPIC_LIST)).body.toString()) as { topicList: string[] }
    expect(topicList).toEqual(expect.arrayContaining(['everywhere', 'only-on-b', 'TBW102']))
  })

  it('does not carry out what brokers are asked', async () => {
    const cluster = await aCluster()
    const nameServer = await anAsker(cluster.nameServers[0])
    const answer = await nameServer.ask(310, sendFields('orders', 0), 'x')
    expect(answer.code).toBe(3)
    expect(answer.remark).toContain('310')
  })
})
