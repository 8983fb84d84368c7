import { expect } from 'vitest'
import { topicCoordinator } from '../../src/index.ts'
import type { ClientConfig, TopicCoordinator } from '../../src/index.ts'
import { unique } from './target.ts'
import type { TestCluster } from './test-cluster.ts'

/** A topic for outcomes alone. */
export const outcomesTopic = async (cluster: TestCluster, queues = 2): Promise<string> => {
  const name = unique('outcomes')
  await cluster.createTopic(name, { queues })
  return name
}

/** One that tells soon. */
export const coordinatorAt = (
  { nameServers }: Pick<TestCluster, 'nameServers'>,
  topic: string,
  config: Partial<ClientConfig> = {},
): TopicCoordinator => topicCoordinator({ nameServers, ...config }, { topic, everyMs: 100 })

/** The clients whose outcomes it hears, as the list grows; also what is published there itself. */
export const heardBy = ({ outcomes$ }: TopicCoordinator): string[] => {
  const heard: string[] = []
  outcomes$.subscribe(({ clientId }) => heard.push(clientId))
  return heard
}

/** Resolves when a coordinator hears what a later one tells: so does, in a moment, whoever began before them. */
export const listening = async (cluster: TestCluster, topic: string): Promise<void> => {
  await using hearing = coordinatorAt(cluster, topic)
  await using telling = coordinatorAt(cluster, topic)
  telling.outcomes$.subscribe()
  const heard = heardBy(hearing)
  await expect
    .poll(
      () => {
        telling.publish({ clientId: 'nobody', brokerName: 'no-broker', ok: false })
        return heard.length
      },
      { timeout: 20_000 },
    )
    .toBeGreaterThan(0)
}
