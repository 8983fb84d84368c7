import { combineLatest, filter, firstValueFrom, map, timeout } from 'rxjs'
import type { Observable, Subscription } from 'rxjs'
import { createClient, on, topic } from '../src/index.ts'
import type { Client, QueueRef } from '../src/index.ts'
import type { Running } from './bench.ts'
import { nameOf } from './load.ts'
import type { Target } from './load.ts'
import { spread } from './rounds.ts'
import type { Spread } from './rounds.ts'

/** How long queues are in motion, ms. */
export interface RebalanceFinding {
  readonly title: string
  readonly joinMs: Spread
  readonly leaveMs: Spread
}

const TOPIC = 'bench_rebalance' // members hold a queue of their retry topic as well
const QUEUES = 64
const PATIENCE_MS = 60_000

interface Member {
  readonly held$: Observable<readonly QueueRef[]>
  close(): Promise<void>
}

/** From the join of a third member, and from the close of one, until every queue is held by exactly one again. */
export const rebalance = async (target: Target, { rounds, tell }: Running): Promise<RebalanceFinding> => {
  await target.createTopic(TOPIC, { queues: QUEUES })
  const joins: number[] = []
  const leaves: number[] = []
  for (let round = 0; round <= rounds; round++) {
    tell(`${round === 0 ? 'warming up' : `round ${round} of ${rounds}`}: a member joins and leaves`)
    const group = `bench_rebalance_${round}`
    await target.createGroup(group)
    const clients = [1, 2, 3].map(() => createClient({ nameServers: target.nameServer }))
    try {
      const [first, second, third] = clients.map(client => () => join(client, group))
      if (first === undefined || second === undefined || third === undefined) continue // there are three
      const two = [first(), second()]
      await shared(two)
      const joinedAt = performance.now()
      const leaving = third()
      await shared([...two, leaving])
      const sharedAt = performance.now()
      const left = leaving.close()
      await shared(two)
      const heldAt = performance.now()
      await left
      if (round === 0) continue
      joins.push(sharedAt - joinedAt)
      leaves.push(heldAt - sharedAt)
    } finally {
      await Promise.all(clients.map(client => client.close()))
    }
  }
  return {
    title: `rebalance: ${QUEUES} queues among 3 members, ${nameOf(target)}`,
    joinMs: spread(joins),
    leaveMs: spread(leaves),
  }
}

const join = (client: Client, group: string): Member => {
  const consumer = client.consumer({ group, subscribe: [on(topic(TOPIC))] })
  const running: Subscription = consumer.process$(() => undefined).subscribe({ error: () => undefined })
  return {
    held$: consumer.assignments$.pipe(map(({ current }) => current)),
    close: async () => {
      await consumer.close()
      running.unsubscribe()
    },
  }
}

/** Each has a part, and the parts are all there is, once each. */
const shared = (members: readonly Member[]): Promise<unknown> =>
  firstValueFrom(
    combineLatest(members.map(({ held$ }) => held$)).pipe(
      filter(parts => {
        const ids = parts.flatMap(part => part.filter(queue => queue.topic === TOPIC).map(({ queueId }) => queueId))
        return parts.every(part => part.length > 0) && ids.length === QUEUES && new Set(ids).size === QUEUES
      }),
      timeout(PATIENCE_MS),
    ),
  )
