import type { Running } from './bench.ts'
import type { FlatTask, Memory } from './flat-process.ts'
import { createLoad, nameOf } from './load.ts'
import type { Target } from './load.ts'
import { inOwnProcess } from './own-process.ts'
import { dial, rawSends } from './raw-socket.ts'
import { spread } from './rounds.ts'

/** What consuming takes while it goes on, `heapUsed + external + arrayBuffers`. */
export interface FlatFinding {
  readonly title: string
  readonly messages: number
  /** Medians of the samples taken during the first tenth of the messages and during the last. */
  readonly firstMiB: number
  readonly lastMiB: number
  /** Least of the same: what is left where garbage has just been collected. */
  readonly firstLeastMiB: number
  readonly lastLeastMiB: number
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
  const remote = inOwnProcess<Memory>('./flat-process.js', task)
  tell(`consuming ${count} messages`)
  const { tenths } = await remote.run()
  await remote.stop()
  const first = spread((tenths[0] ?? []).map(bytes => bytes / MIB))
  const last = spread((tenths[9] ?? []).map(bytes => bytes / MIB))
  return {
    title: `memory over ${count} messages of ${load.body.length} B through an empty handler, ${nameOf(target)}`,
    messages: count,
    firstMiB: first.median,
    lastMiB: last.median,
    firstLeastMiB: first.min,
    lastLeastMiB: last.min,
  }
}
