import { codecs, topic } from '../../src/index.ts'
import type { Topic } from '../../src/index.ts'
import { unique } from './target.ts'
import type { TestCluster } from './test-cluster.ts'

/** A new topic whose bodies are numbers, with so many queues at each broker. */
export const topicOfNumbers = async (cluster: TestCluster, queues?: number): Promise<Topic<string, number>> => {
  const numbers = topic(unique('numbers'), codecs.json<number>())
  await cluster.createTopic(numbers.name, queues === undefined ? {} : { queues })
  return numbers
}
