import { lastValueFrom, range, take, tap } from 'rxjs'
import { codecs, createClient, message, on, topic } from 'rocketmq-rxjs'
import { openCluster, perRun } from './cluster.ts'

/**
 * Several messages in one call, as for one INSERT of many rows. A batch is full at `maxCount` or `maxBytes`, or has waited
 * `lingerMs`. There is a result for each message; when the handler fails, each goes its own way: again later, counted.
 */
await using cluster = await openCluster()
await using client = createClient(cluster.config)
const readings = topic(perRun('readings'), codecs.json<{ n: number }>())
const TOTAL = 500
await lastValueFrom(range(0, TOTAL).pipe(client.producer().sendAll(n => message(readings, { n }))))

const table: number[] = []
const sizes: number[] = []
const consumer = client.consumer({ group: perRun('loaders'), subscribe: [on(readings)], startFrom: 'first' })
await lastValueFrom(
  consumer
    .processBatch$(
      batch => {
        sizes.push(batch.length)
        table.push(...batch.map(({ message: { body } }) => body.n))
        // one row that is wrong need not fail the others: batch[3]?.retryLater(), and the rest is acknowledged
      },
      { maxCount: 100, lingerMs: 20 },
    )
    .pipe(
      tap(({ error }) => {
        if (error !== undefined) console.error(error)
      }),
      take(TOTAL),
    ),
)
console.log(`largest batch: ${Math.max(...sizes)}`)
console.log(
  `${new Set(table).size} rows, few inserts: ${sizes.length < TOTAL / 5}, none above 100: ${Math.max(...sizes) <= 100}`,
)
