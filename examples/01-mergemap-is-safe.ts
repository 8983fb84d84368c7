import { count, filter, firstValueFrom, mergeMap, range } from 'rxjs'
import type { Observable } from 'rxjs'
import { codecs, createClient, message, topic } from 'rocketmq-rxjs'
import type { SendOutcome } from 'rocketmq-rxjs'
import { openCluster, perRun } from './cluster.ts'

/**
 * Two ways to send a stream. Both have 64 sends on the way and one outcome per event; only `sendAll` bounds memory: its
 * buffer has room for 16,384 events and says ERR_RMQ_OVERFLOW to one more, while mergeMap queues without bound.
 */
await using cluster = await openCluster()
await using client = createClient(cluster.config)
const producer = client.producer()
const clicks = topic(perRun('clicks'), codecs.json<{ n: number }>())
const toMessage = (n: number) => message(clicks, { n })
const events$ = range(1, 5_000)

const storedOf = (outcomes$: Observable<SendOutcome<unknown>>): Promise<number> =>
  firstValueFrom(
    outcomes$.pipe(
      filter(({ ok }) => ok),
      count(),
    ),
  )

// The plain idiom. `sendOutcome$` never errors, so one failure does not end the others.
const plain = await storedOf(events$.pipe(mergeMap(n => producer.sendOutcome$(toMessage(n)), 64)))

// The operator. With `onError: 'continue'` a failure is an outcome here, too.
const bounded = await storedOf(events$.pipe(producer.sendAll(toMessage, { onError: 'continue' })))

// The same with little room: 5,000 events at once are 64 on the way, 500 waiting, and the rest refused by name.
const refused = await firstValueFrom(
  events$.pipe(
    producer.sendAll(toMessage, { onError: 'continue', buffer: { count: 500 } }),
    filter(outcome => !outcome.ok && outcome.error.code === 'ERR_RMQ_OVERFLOW'),
    count(),
  ),
)

console.log(`mergeMap stored ${plain}, sendAll stored ${bounded}, and with room for 500 it refused ${refused}`)
