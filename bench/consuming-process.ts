import { lastValueFrom, of, take, tap } from 'rxjs'
import type { Observable } from 'rxjs'
import { createClient, on, topic } from '../src/index.ts'
import type { Client, ConsumerOptions, ProcessOptions } from '../src/index.ts'
import { answering } from './own-process.ts'
import { dial, rawPulls } from './raw-socket.ts'
import { startClock, timed } from './rounds.ts'
import type { Sample } from './rounds.ts'

/** Ways to consume. */
export type Way =
  'raw' | 'process$' | 'promise' | 'observable' | 'by queue' | 'ordered' | 'pop' | 'processBatch$' | 'messages$'

export interface ConsumingTask {
  readonly way: Way
  readonly nameServer: string
  readonly broker: string
  readonly topic: string
  readonly queues: number
  readonly count: number
  /** One for each run: each finds the whole backlog. */
  readonly groups: readonly string[]
}

/** Everything there is, as a stream with one value for each message. */
const consumed$ = (client: Client, group: string, { way, topic: name }: ConsumingTask): Observable<unknown> => {
  const consumer = (options: Partial<ConsumerOptions> = {}) =>
    client.consumer({ group, subscribe: [on(topic(name))], startFrom: 'first', ...options })
  const processed$ = (options: Partial<ConsumerOptions>, how: ProcessOptions = {}): Observable<unknown> =>
    consumer(options).process$(() => undefined, how)
  switch (way) {
    case 'promise':
      return consumer().process$(() => Promise.resolve())
    case 'observable':
      return consumer().process$(() => of(undefined))
    case 'by queue':
      return processed$({}, { keyBy: 'queue' })
    case 'ordered':
      return processed$({ ordering: 'queue' })
    case 'pop':
      return processed$({ acknowledge: 'pop' })
    case 'processBatch$':
      return consumer().processBatch$(() => undefined)
    case 'messages$':
      return consumer()
        .messages$()
        .pipe(tap(delivery => delivery.ack()))
    default:
      return processed$({})
  }
}

/** From the first message to the last: joining the group is another matter. */
const consume = async (task: ConsumingTask, group: string): Promise<Sample> => {
  await using client = createClient({ nameServers: task.nameServer })
  let stop: ((count: number) => Sample) | undefined
  const received$ = consumed$(client, group, task).pipe(
    tap(() => (stop ??= startClock())),
    take(task.count),
  )
  await lastValueFrom(received$)
  if (stop === undefined) throw new Error('nothing was received')
  return stop(task.count)
}

answering(async (task: ConsumingTask) => {
  const groups = task.groups.values()
  const nextGroup = (): string => groups.next().value ?? ''
  if (task.way !== 'raw') return () => consume(task, nextGroup())
  const socket = await dial(task.broker)
  return () => timed(task.count, () => rawPulls(socket, task, nextGroup(), task.count))
})
