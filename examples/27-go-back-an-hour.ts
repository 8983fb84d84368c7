import { filter, firstValueFrom, lastValueFrom, range, take, tap } from 'rxjs'
import { codecs, createClient, message, on, topic } from 'rocketmq-rxjs'
import { openCluster, perRun } from './cluster.ts'

/**
 * Once more from one hour ago: something was done wrong since then. `seek$` takes a Date, 'first', 'last' or an offset, of
 * all queues that are held or of some. A group that is new may begin there: `startFrom: new Date(…)`.
 */
await using cluster = await openCluster()
await using client = createClient(cluster.config)
const invoices = topic(perRun('invoices'), codecs.json<{ n: number }>())
const TOTAL = 20
await lastValueFrom(range(0, TOTAL).pipe(client.producer().sendAll(n => message(invoices, { n }))))

const consumer = client.consumer({ group: perRun('bookkeepers'), subscribe: [on(invoices)], startFrom: 'first' })
const booked: number[] = []
const working = consumer
  .process$(({ message: { body } }) => void booked.push(body.n))
  .subscribe({ error: (error: unknown) => console.error(error) })
const untilBooked = (count: number) => firstValueFrom(consumer.lag$(20).pipe(filter(() => booked.length >= count)))

await untilBooked(TOTAL)
const oneHourAgo = new Date(Date.now() - 3_600_000)
for (const { queue, offset } of await firstValueFrom(consumer.seek$(oneHourAgo))) {
  console.log(`queue ${queue.queueId} of ${queue.brokerName} goes on at ${offset.toString()}`)
}
await untilBooked(2 * TOTAL)
await firstValueFrom(
  consumer.commit$().pipe(
    take(1),
    tap(() => console.log('brokers know how far it is')),
  ),
)
working.unsubscribe()
const timesOf = (n: number): number => booked.filter(its => its === n).length
console.log(`${new Set(booked).size} invoices, each booked twice: ${booked.every(n => timesOf(n) === 2)}`)
