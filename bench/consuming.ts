import { lastValueFrom, take, tap } from 'rxjs'
import { createClient, on, topic } from '../src/index.ts'
import type { Bench } from './bench.ts'
import { createLoad, nameOf } from './load.ts'
import type { Load } from './load.ts'
import { dial, rawPulls, rawSends } from './raw-socket.ts'
import { interleaved, startClock, timed } from './rounds.ts'
import type { Sample } from './rounds.ts'

/** A backlog consumed with an empty handler, against a raw pull loop. */
export const consuming =
  (count: number): Bench =>
  async (target, { rounds, tell }) => {
    const load = await createLoad(target)
    const socket = await dial(target.broker)
    tell('filling the topic')
    await rawSends(socket, load, count, 512)
    let groups = 0
    const newGroup = async (): Promise<string> => {
      const group = `bench_${load.topic}_${++groups}`
      await target.createGroup(group)
      return group
    }
    const raw = async (): Promise<Sample> => {
      const group = await newGroup()
      return timed(count, () => rawPulls(socket, load, group, count))
    }
    const ours = async (): Promise<Sample> => consume(target.nameServer, load, await newGroup(), count)
    const goal = target.kind === 'real' ? { goal: { ratio: 0.3, cpuUs: 13 } } : {}
    const rows = await interleaved(
      [
        { name: 'raw pull loop', run: raw },
        { name: 'process$, empty handler', run: ours, ...goal },
      ],
      rounds,
      tell,
    )
    socket.destroy()
    return { title: `consume a backlog, ${load.body.length} B, ${nameOf(target)}`, unit: 'message', rows }
  }

/** From the first message to the last: joining the group is another matter. */
const consume = async (nameServers: string, load: Load, group: string, count: number): Promise<Sample> => {
  await using client = createClient({ nameServers })
  const consumer = client.consumer({ group, subscribe: [on(topic(load.topic))], startFrom: 'first' })
  let stop: ((count: number) => Sample) | undefined
  const received$ = consumer
    .process$(() => undefined)
    .pipe(
      tap(() => (stop ??= startClock())),
      take(count),
    )
  await lastValueFrom(received$)
  if (stop === undefined) throw new Error('nothing was received')
  return stop(count)
}
