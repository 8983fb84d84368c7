import type { Running } from './bench.ts'
import type { FlatTask, Tenth } from './flat-process.ts'
import { createLoad, nameOf } from './load.ts'
import type { Target } from './load.ts'
import { inOwnProcess } from './own-process.ts'
import { dial, rawSends } from './raw-socket.ts'
import { spread } from './rounds.ts'

/** What consuming takes while it goes on, `heapUsed + external + arrayBuffers`. */
export interface FlatFinding {
  readonly title: string
  readonly messages: number
  /** During the first tenth of the messages and during the last. */
  readonly first: Stage
  readonly last: Stage
}

interface Stage {
  /** Median, MiB. */
  readonly usedMiB: number
  /** Of the heap after a collection, MiB. */
  readonly keptHeapMiB: number
}

const MIB = 1 << 20

/** Whether memory stays flat, however many messages an empty handler has seen. */
export const flat = async (target: Target, count: number, { tell }: Running): Promise<FlatFinding> => {
  const load = await createLoad(target)
  const socket = await dial(target.broker)
  tell('filling the topic')
  await rawSends(socket, load, count, 512)
  socket.destroy()
  const group = `bench_flat_${load.topic}`
  await target.createGroup(group)
  const task: FlatTask = { nameServer: target.nameServer, topicName: load.topic, group, count }
  const remote = inOwnProcess<readonly Tenth[]>('./flat-process.js', task, ['--expose-gc'])
  tell(`consuming ${count} messages`)
  const tenths = await remote.run()
  await remote.stop()
  return {
    title: `memory over ${count} messages of ${load.body.length} B through an empty handler, ${nameOf(target)}`,
    messages: count,
    first: stageOf(tenths.at(0)),
    last: stageOf(tenths.at(-1)),
  }
}

const stageOf = ({ samples, keptHeap }: Tenth = { samples: [], keptHeap: Number.NaN }): Stage => ({
  usedMiB: spread(samples).median / MIB,
  keptHeapMiB: keptHeap / MIB,
})
