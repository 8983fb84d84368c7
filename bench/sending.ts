import type { Bench } from './bench.ts'
import { createLoad, nameOf } from './load.ts'
import { inOwnProcess } from './own-process.ts'
import type { Remote } from './own-process.ts'
import { interleaved } from './rounds.ts'
import type { Contestant, Goal } from './rounds.ts'
import type { SendingTask, Way } from './sending-process.ts'

const GOAL: Goal = { ratio: 0.75, cpuUs: 45 }

/** send$ and sendAll against a raw socket, with so many on the way, each in a process of its own. */
export const sending =
  (inFlight: number, count: number): Bench =>
  async (target, { rounds, tell }) => {
    const load = await createLoad(target)
    const goal = target.kind === 'real' && inFlight === 64 ? { goal: GOAL } : {}
    const { nameServer, broker } = target
    const { topic, queues, body } = load
    const remotes: Remote[] = []
    const contestant = (name: string, way: Way): Contestant => {
      const task: SendingTask = { way, nameServer, broker, topic, queues, bodyBytes: body.length, count, inFlight }
      const remote = inOwnProcess('./sending-process.js', task)
      remotes.push(remote)
      return { name, run: remote.run }
    }
    try {
      const rows = await interleaved(
        [
          contestant('raw socket', 'each'),
          contestant('raw socket, in bursts', 'burst'),
          { ...contestant('send$', 'send$'), ...goal },
          { ...contestant('sendAll', 'sendAll'), ...goal },
        ],
        rounds,
        tell,
      )
      return { title: `send, ${inFlight} in flight, ${body.length} B, ${nameOf(target)}`, unit: 'message', rows }
    } finally {
      await Promise.all(remotes.map(({ stop }) => stop()))
    }
  }
