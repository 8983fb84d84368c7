import { lastValueFrom, range } from 'rxjs'
import { createClient, message, topic } from '../src/index.ts'
import type { Producer } from '../src/index.ts'
import { counted } from './in-flight.ts'
import type { Load } from './load.ts'
import { answering } from './own-process.ts'
import { dial, rawSends } from './raw-socket.ts'
import { timed } from './rounds.ts'
import { sendEach } from './send-each.ts'

/** Ways to send. */
export type Way = 'each' | 'burst' | 'send$' | 'sendAll'

export interface SendingTask {
  readonly way: Way
  readonly nameServer: string
  readonly broker: string
  readonly topic: string
  readonly queues: number
  readonly bodyBytes: number
  readonly count: number
  readonly inFlight: number
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

const sender = async ({ way, nameServer, broker, ...task }: SendingTask): Promise<(load: Load) => Promise<unknown>> => {
  const { count, inFlight } = task
  if (way === 'each' || way === 'burst') {
    const socket = await dial(broker)
    return load => rawSends(socket, load, count, inFlight, way)
  }
  const producer = createClient({ nameServers: nameServer }).producer()
  return load => (way === 'send$' ? sendEach : sendAll)(producer, load, count, inFlight)
}

answering(async (task: SendingTask) => {
  const send = await sender(task)
  const load: Load = { ...task, body: Buffer.alloc(task.bodyBytes, 'rocketmq-rxjs ') }
  return () => timed(task.count, () => send(load))
})
