import { lastValueFrom, take, tap } from 'rxjs'
import { createClient, on, topic } from '../src/index.ts'
import { answering } from './own-process.ts'
import { usedMemory } from './used-memory.ts'

export interface FlatTask {
  readonly nameServer: string
  readonly topicName: string
  readonly group: string
  readonly count: number
}

export interface Memory {
  /** Samples in bytes, by the tenth of the messages that they were taken in. */
  readonly tenths: readonly (readonly number[])[]
}

/** In each tenth: enough to catch collections, too few to be felt. */
const SAMPLES = 200

/** By messages and not by time: a busy process hears its timers late. */
const consume = async ({ nameServer, topicName, group, count }: FlatTask): Promise<Memory> => {
  await using client = createClient({ nameServers: nameServer })
  const consumer = client.consumer({ group, subscribe: [on(topic(topicName))], startFrom: 'first' })
  const tenths = Array.from({ length: 10 }, (): number[] => [])
  const every = Math.ceil(count / 10 / SAMPLES)
  let received = 0
  const received$ = consumer
    .process$(() => undefined)
    .pipe(
      tap(() => {
        if (received % every === 0) tenths[Math.floor((received * 10) / count)]?.push(usedMemory())
        received++
      }),
      take(count),
    )
  await lastValueFrom(received$)
  return { tenths }
}

answering((task: FlatTask) => Promise.resolve(() => consume(task)))
