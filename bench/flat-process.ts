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

/** Of one tenth of the messages, bytes. */
export interface Tenth {
  /** `heapUsed + external + arrayBuffers`. */
  readonly samples: readonly number[]
  /** `heapUsed` after a collection at its end. Answers on their way are not in it, but who would keep them alive is. */
  readonly keptHeap: number
}

/** In each tenth. */
const SAMPLES = 200

const consume = async ({ nameServer, topicName, group, count }: FlatTask): Promise<readonly Tenth[]> => {
  await using client = createClient({ nameServers: nameServer })
  const consumer = client.consumer({ group, subscribe: [on(topic(topicName))], startFrom: 'first' })
  const tenths: Tenth[] = []
  let samples: number[] = []
  const every = Math.ceil(count / 10 / SAMPLES) // by messages: a busy process hears its timers late
  let received = 0
  const received$ = consumer
    .process$(() => undefined)
    .pipe(
      tap(() => {
        if (received++ % every === 0) samples.push(usedMemory())
        if (received % (count / 10) !== 0) return
        globalThis.gc?.()
        tenths.push({ samples, keptHeap: process.memoryUsage().heapUsed })
        samples = []
      }),
      take(count),
    )
  await lastValueFrom(received$)
  return tenths
}

answering((task: FlatTask) => Promise.resolve(() => consume(task)))
