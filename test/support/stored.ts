import { filter, firstValueFrom, timeout } from 'rxjs'
import { on, queueKey } from '../../src/index.ts'
import type { Client, Inbound, Topic } from '../../src/index.ts'
import { askOk } from '../cluster/ask.ts'
import { firstWhere } from './first-where.ts'
import { unique } from './target.ts'

const GET_MAX_OFFSET = 30
/** A broker may show a message a moment after it has confirmed it. */
const QUIET_MS = 150

/** How many messages the brokers hold in a topic, by the ends of its queues; asked beside the client that is tested. */
export const storedCount = async (client: Client, topic: string): Promise<number> => {
  const { publishQueues, route } = await firstWhere(client.routes$(topic), ({ status }) => status === 'known')
  const ends = publishQueues.map(async ({ brokerName, queueId }) => {
    const address = route?.brokerDatas.find(broker => broker.brokerName === brokerName)?.brokerAddrs.get(0)
    if (address === undefined) throw new Error(`the route of ${topic} has no master of ${brokerName}`)
    const { ext } = await askOk(address, GET_MAX_OFFSET, { ext: { topic, queueId: String(queueId) } })
    return Number(ext['offset'])
  })
  return (await Promise.all(ends)).reduce((sum, end) => sum + end, 0)
}

/** The same, once it is at least so many and does not grow any more. */
export const settledCount = async (client: Client, topic: string, atLeast = 0): Promise<number> => {
  for (let before = -1, tries = 0; ; tries++) {
    const count = await storedCount(client, topic)
    if (count >= atLeast && count === before) return count
    if (tries === 100) throw new Error(`topic ${topic} has ${count} messages, at least ${atLeast} were expected`)
    before = count
    await new Promise(resolve => setTimeout(resolve, QUIET_MS))
  }
}

/** Everything a topic holds, each stored record once, read by a new group from the first message on. */
export const readAll = async <N extends string, T>(
  client: Client,
  topic: Topic<N, T>,
  { atLeast = 0 }: { readonly atLeast?: number } = {},
): Promise<readonly Inbound<N, T>[]> => {
  const count = await settledCount(client, topic.name, atLeast)
  if (count === 0) return []
  const records = new Map<string, Inbound<N, T>>()
  const consumer = client.consumer({ group: unique('reader'), subscribe: [on(topic)], startFrom: 'first' })
  const read$ = consumer.process$(({ message }) => {
    records.set(`${queueKey(message.queue)} ${message.queueOffset.toString()}`, message)
  })
  await firstValueFrom(
    read$.pipe(
      timeout({ each: 20_000 }),
      filter(() => records.size === count),
    ),
  )
  return [...records.values()]
}
