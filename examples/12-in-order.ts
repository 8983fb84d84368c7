import { lastValueFrom, map, range, take, tap } from 'rxjs'
import { codecs, createClient, message, on, topic } from 'rocketmq-rxjs'
import { openCluster, perRun } from './cluster.ts'

/**
 * Order is kept per user, not for all: events of one sharding key go to one queue, so users do not wait for each other.
 * Three things are needed, and none of them costs more than the order it keeps:
 * the sharding key (one queue), `keyBy` of the producer (the next send of a user waits for the last one, also while it is
 * repeated), and `keyBy: 'queue'` of the consumer (one handler at a time for each queue).
 */
interface UserEvent {
  readonly user: string
  readonly step: number
}
await using cluster = await openCluster()
await using client = createClient(cluster.config)
const events = topic(perRun('user_events'), codecs.json<UserEvent>())
const USERS = ['ada', 'grace', 'edsger', 'barbara', 'donald']
const STEPS = 40

// The events of all users are mixed, as they come in.
const events$ = range(0, USERS.length * STEPS).pipe(
  map((n): UserEvent => ({ user: USERS[n % USERS.length] ?? '', step: Math.floor(n / USERS.length) })),
)
const queuesOf = new Map<string, Set<string>>(USERS.map(user => [user, new Set()]))
await lastValueFrom(
  events$.pipe(
    client.producer({ group: perRun('sites') }).sendAll(event => message(events, event, { shardKey: event.user }), {
      keyBy: ({ user }) => user,
      concurrency: 16,
    }),
    tap(({ input, result: { queue } }) => queuesOf.get(input.user)?.add(`${queue.brokerName}:${queue.queueId}`)),
  ),
)
for (const [user, queues] of queuesOf) console.log(`all events of ${user} are in ${[...queues].join(' and ')}`)

// Many handlers at once, but of one queue one: each user's steps arrive as they were sent.
const lastStep = new Map<string, number>()
let outOfOrder = 0
const consumer = client.consumer({ group: perRun('analysts'), subscribe: [on(events)], startFrom: 'first' })
await lastValueFrom(
  consumer
    .process$(
      ({ message: { body } }) => {
        if (body.step !== (lastStep.get(body.user) ?? -1) + 1) outOfOrder++
        lastStep.set(body.user, body.step)
      },
      { keyBy: 'queue' },
    )
    .pipe(take(USERS.length * STEPS)),
)
const queueCounts = [...queuesOf.values()].map(({ size }) => size)
console.log(
  `${lastStep.size} users, ${STEPS} events each, ${Math.max(...queueCounts)} queue a user, ${outOfOrder} events out of order`,
)
