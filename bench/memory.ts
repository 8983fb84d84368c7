import { fork } from 'node:child_process'
import { FLOW_DEFAULTS } from '../src/consumer/options.ts'
import type { Running } from './bench.ts'
import { createLoad, nameOf } from './load.ts'
import type { Target } from './load.ts'
import { dial, rawSends } from './raw-socket.ts'

/** What the consuming process is asked. */
export interface MemoryAsk {
  readonly nameServers: string
  readonly topicName: string
  readonly group: string
  readonly count: number
}

/** What it took, `heapUsed + external + arrayBuffers`, in bytes. */
export interface MemoryReport {
  readonly received: number
  readonly before: number
  readonly peak: number
}

export interface MemoryFinding {
  readonly title: string
  readonly messages: number
  readonly peakMiB: number
  /** Before the consumer began. */
  readonly beforeMiB: number
  /** The default limit of bytes in hand plus 64 MiB. */
  readonly boundMiB: number
}

const MIB = 1 << 20

/** A handler slower than the broker: what waits is bounded by the flow limits, however long the backlog. */
export const memory = async (target: Target, count: number, { tell }: Running): Promise<MemoryFinding> => {
  const load = await createLoad(target, 1_024)
  const socket = await dial(target.broker)
  tell('filling the topic')
  await rawSends(socket, load, count, 512)
  socket.destroy()
  const group = `bench_slow_${load.topic}`
  await target.createGroup(group)
  const { received, before, peak } = await inOwnProcess(
    { nameServers: target.nameServer, topicName: load.topic, group, count },
    soFar => tell(`${soFar} of ${count} messages through a slow handler`),
  )
  return {
    title: `memory: ${count} messages of 1 KiB through a slow handler, ${nameOf(target)}`,
    messages: received,
    peakMiB: peak / MIB,
    beforeMiB: before / MIB,
    boundMiB: (FLOW_DEFAULTS.unsettledBytes + 64 * MIB) / MIB,
  }
}

const inOwnProcess = (ask: MemoryAsk, progress: (received: number) => void): Promise<MemoryReport> =>
  new Promise((resolve, reject) => {
    const child = fork(new URL('./memory-process.js', import.meta.url))
    child.once('exit', code => {
      reject(new Error(`the consuming process ended with ${code ?? 'a signal'} before it reported`))
    })
    child.on('message', (said: MemoryReport | { readonly received: number }) => {
      if ('peak' in said) resolve(said)
      else progress(said.received)
    })
    child.send(ask)
  })
