import { askOk } from './ask.ts'
import { eventually } from './readiness.ts'

interface Servers {
  readonly nameServer: string
  readonly brokers: readonly string[]
}

/** Creates a topic on every broker; resolves once the name server gives its route. */
export async function createTopicAt(
  { nameServer, brokers }: Servers,
  topic: string,
  queues: number,
  watched: Parameters<typeof eventually>[1] = [],
): Promise<void> {
  const ext = {
    topic,
    defaultTopic: 'TBW102',
    readQueueNums: String(queues),
    writeQueueNums: String(queues),
    perm: '6',
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: '0',
    order: 'false',
  }
  for (const address of brokers) await askOk(address, 17, { ext })
  await eventually(`the name server gives the route of topic ${topic}`, watched, async () => {
    const { body } = await askOk(nameServer, 105, { ext: { topic, acceptStandardJsonOnly: 'true' } })
    const { queueDatas } = JSON.parse(body.toString()) as { queueDatas: { writeQueueNums: number }[] }
    const wanted = queueDatas.filter(entry => entry.writeQueueNums === queues)
    if (wanted.length !== brokers.length) throw new Error(`the route is ${body.toString()}`)
  })
}

export async function createGroupAt(brokers: readonly string[], group: string, retryMaxTimes: number): Promise<void> {
  const body = JSON.stringify({ groupName: group, retryMaxTimes, retryQueueNums: 1 })
  for (const address of brokers) await askOk(address, 200, { body })
}
