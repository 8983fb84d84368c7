import { bufferCount, concatMap, count, filter, from, lastValueFrom, map, reduce, toArray } from 'rxjs'
import { codecs, createClient, message, topic } from 'rocketmq-rxjs'
import { openCluster, perRun } from './cluster.ts'

/**
 * Many sends at once, and never more than allowed. `sendFrom$` asks its source for the next input when a send has become
 * free: a generator without an end needs no buffer. What is counted are outcomes, as with `onError: 'continue'` each input
 * has exactly one.
 */
await using cluster = await openCluster()
await using client = createClient(cluster.config)
const producer = client.producer({ group: perRun('movers') })
const boxes = topic(perRun('boxes'), codecs.json<{ no: number }>())

let made = 0
function* boxesOf(total: number) {
  while (made < total) yield ++made
}

// 1. At most 32 at once. At the moment of each outcome: how far ahead of it was the source?
const TOTAL = 2_000
let done = 0
let furthestAhead = 0
const sent = await lastValueFrom(
  producer
    .sendFrom$(boxesOf(TOTAL), no => message(boxes, { no }), { concurrency: 32, onError: 'continue' })
    .pipe(
      map(outcome => {
        furthestAhead = Math.max(furthestAhead, made - done++)
        return outcome.ok
      }),
      filter(Boolean),
      count(),
    ),
)
console.log(`${sent} of ${TOTAL} stored, the source never more than ${furthestAhead} ahead`)

// 2. In chunks: the next hundred only when the last hundred is through, for example to note the progress.
const chunks$ = from(Array.from({ length: 500 }, (_, no) => ({ no }))).pipe(bufferCount(100))
const progress = await lastValueFrom(
  chunks$.pipe(
    concatMap(chunk => producer.sendFrom$(chunk, box => message(boxes, box), { concurrency: 50 }).pipe(count())),
    toArray(),
  ),
)
console.log(`chunks: ${progress.join(', ')}`)

// 3. What cannot be sent does not stop the rest: three boxes are too heavy for a message.
const heavy = topic(perRun('heavy_boxes'), codecs.text)
const limited = client.producer({ group: perRun('careful_movers'), maxMessageBytes: 1_000 })
const weights = Array.from({ length: 100 }, (_, n) => (n % 40 === 10 ? 2_000 : 20))
const counts = await lastValueFrom(
  limited
    .sendFrom$(weights, weight => message(heavy, '#'.repeat(weight)), { onError: 'continue' })
    .pipe(
      reduce((sums, { ok }) => (ok ? { ...sums, stored: sums.stored + 1 } : { ...sums, refused: sums.refused + 1 }), {
        stored: 0,
        refused: 0,
      }),
    ),
)
console.log(
  `${sent} at most 32 at once: ${furthestAhead <= 32}; ${counts.stored} light stored, ${counts.refused} refused`,
)
