import type { TestCluster } from '../test/support/test-cluster.ts'

/** What is sent and consumed. */
export interface Load {
  readonly topic: string
  readonly queues: number
  readonly body: Buffer
}

/** A cluster of one broker in a process of its own. */
export interface Target extends Pick<TestCluster, 'kind' | 'version' | 'createTopic' | 'createGroup' | 'stop'> {
  readonly nameServer: string
  readonly broker: string
}

/** What a target is called in a title. */
export const nameOf = ({ kind, version }: Target): string =>
  kind === 'real' ? `Apache RocketMQ ${version}` : 'embedded broker'

const BODY_BYTES = 256
const QUEUES = 8

let topics = 0
/** A topic of its own, so that no benchmark meets the messages of another. */
export const createLoad = async (target: Target, bodyBytes = BODY_BYTES): Promise<Load> => {
  const topic = `bench_${++topics}`
  await target.createTopic(topic, { queues: QUEUES })
  return { topic, queues: QUEUES, body: Buffer.alloc(bodyBytes, 'rocketmq-rxjs ') }
}
