import { filter, lastValueFrom, range, tap, timer } from 'rxjs'
import { codecs, createClient, message, on, topic } from 'rocketmq-rxjs'
import { openCluster, perRun } from './cluster.ts'

/**
 * The graceful stop. When `until` emits, nothing more is pulled, handlers that run are finished, progress is committed,
 * the group is left, and the stream completes. Whoever comes next goes on where this one stopped: no message twice.
 */
await using cluster = await openCluster()
await using client = createClient(cluster.config)
const jobs = topic(perRun('jobs'), codecs.json<{ n: number }>())
await lastValueFrom(range(1, 100).pipe(client.producer().sendAll(n => message(jobs, { n }))))

const consumer = client.consumer({ group: perRun('workers'), subscribe: [on(jobs)], startFrom: 'first' })
const handled: number[] = []

/** Works until about so many are done: each takes 5 ms, four at once. */
const workUntil = async (total: number): Promise<void> => {
  const done$ = timer(0, 5).pipe(filter(() => handled.length >= total))
  const work$ = consumer.process$(({ message: { body } }) => timer(5).pipe(tap(() => handled.push(body.n))), {
    concurrency: 4,
    until: done$,
  })
  await lastValueFrom(work$, { defaultValue: undefined })
}

await workUntil(40)
await workUntil(100)

console.log(
  `stopped in order: ${new Set(handled).size} jobs done, ${handled.length - new Set(handled).size} of them twice`,
)
