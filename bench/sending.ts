import { defer, lastValueFrom, mergeMap, range, reduce, repeat } from 'rxjs'
import { createClient, message, topic } from '../src/index.ts'
import type { Producer } from '../src/index.ts'
import { createLoad, nameOf } from './load.ts'
import type { Load } from './load.ts'
import { dial, rawSends } from './raw-socket.ts'
import { interleaved, timed } from './rounds.ts'
import type { Contestant, Goal } from './rounds.ts'
import type { Bench } from './bench.ts'

const GOAL: Goal = { ratio: 0.75, cpuUs: 45 }

/** send$ and sendAll against a raw socket, with so many on the way. */
export const sending =
  (inFlight: number, count: number): Bench =>
  async (target, { rounds, tell }) => {
    const load = await createLoad(target)
    const socket = await dial(target.broker)
    await using client = createClient({ nameServers: target.nameServer })
    const producer = client.producer()
    const goal = target.kind === 'real' && inFlight === 64 ? { goal: GOAL } : {}
    const contestants: readonly Contestant[] = [
      { name: 'raw socket', run: () => timed(count, () => rawSends(socket, load, count, inFlight, 'each')) },
      {
        name: 'raw socket, in bursts',
        run: () => timed(count, () => rawSends(socket, load, count, inFlight, 'burst')),
      },
      { name: 'send$', run: () => timed(count, () => sendEach(producer, load, count, inFlight)), ...goal },
      { name: 'sendAll', run: () => timed(count, () => sendAll(producer, load, count, inFlight)), ...goal },
    ]
    const rows = await interleaved(contestants, rounds, tell)
    socket.destroy()
    return { title: `send, ${inFlight} in flight, ${load.body.length} B, ${nameOf(target)}`, unit: 'message', rows }
  }

const sendEach = (
  producer: Producer,
  { topic: name, body }: Load,
  count: number,
  inFlight: number,
): Promise<number> => {
  const of = topic(name)
  const next$ = defer(() => producer.send$(message(of, body)))
  // not `mergeMap(f, n)` over a range: its buffer is an array that moves as a whole for each item taken
  return lastValueFrom(
    range(0, inFlight).pipe(
      mergeMap(() => next$.pipe(repeat(Math.ceil(count / inFlight)))),
      counted(),
    ),
  )
}

const sendAll = (producer: Producer, { topic: name, body }: Load, count: number, inFlight: number): Promise<number> => {
  const of = topic(name)
  return lastValueFrom(
    range(0, count).pipe(
      producer.sendAll(() => message(of, body), { concurrency: inFlight, buffer: { count } }),
      counted(),
    ),
  )
}

const counted = () => reduce((n: number) => n + 1, 0)
