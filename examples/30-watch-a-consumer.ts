import { distinctUntilChanged, filter, firstValueFrom, lastValueFrom, map, range, Subject, timer } from 'rxjs'
import { codecs, createClient, message, on, topic } from 'rocketmq-rxjs'
import { openCluster, perRun } from './cluster.ts'

/**
 * Three streams to watch a consumer by, none of which can break it: `stats$` says how much and how fast, `lag$` how far
 * behind, `failures$` what went wrong. Every message carries a property by which it is found again in the log.
 */
await using cluster = await openCluster()
await using client = createClient({ ...cluster.config, logger: false }) // the failure is expected here
const tasks = topic(perRun('tasks'), codecs.json<{ n: number }>())
const TOTAL = 100
await lastValueFrom(
  range(0, TOTAL).pipe(
    client.producer().sendAll(n => message(tasks, { n }, { properties: { TRACE_ID: `trace-${n}` } })),
  ),
)

const log = (entry: object): void => console.log(JSON.stringify(entry)) // or a logger such as pino
const consumer = client.consumer({ group: perRun('workers'), subscribe: [on(tasks)], startFrom: 'first' })
const behind$ = consumer.lag$(20).pipe(map(queues => queues.reduce((sum, { lag }) => sum + lag, 0)))
const watching = consumer.failures$.subscribe({
  next: ({ where, error }) => log({ level: 'warn', where, error: String(error) }),
  error: console.error,
})
watching.add(
  behind$
    .pipe(
      map(behind => behind > TOTAL / 2),
      distinctUntilChanged(),
    )
    .subscribe({
      next: late => log({ level: late ? 'warn' : 'info', message: late ? 'far behind' : 'keeps up' }),
      error: console.error,
    }),
)

const stop = new Subject<void>()
const working = lastValueFrom(
  consumer.process$(
    ({ message: { body, properties } }) => {
      if (body.n === 13) throw new Error(`the task of ${properties['TRACE_ID']} cannot be done`)
      return timer(2)
    },
    { concurrency: 8, onError: 'ack', until: stop },
  ),
)
const { total, latencyMs } = await firstValueFrom(
  consumer.stats$(20).pipe(filter(({ total: { minute } }) => minute.ok + minute.failed === TOTAL)),
)
stop.next()
await working
watching.unsubscribe()
log({ level: 'info', p99Ms: latencyMs.p99, okPerSecond: total.minute.okPerSecond })
console.log(
  `${total.minute.ok} done, ${total.minute.failed} failed: ${(total.minute.successRate * 100).toFixed(0)} % succeeded`,
)
