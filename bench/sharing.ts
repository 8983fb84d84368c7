import { defer, lastValueFrom, map, range, reduce } from 'rxjs'
import { createClient, message, topic } from '../src/index.ts'
import type { Outbound, Producer } from '../src/index.ts'
import type { Bench } from './bench.ts'
import { counted, inFlight$ } from './in-flight.ts'
import { createLoad, nameOf } from './load.ts'
import type { Load } from './load.ts'
import { interleaved, timed } from './rounds.ts'
import type { Contestant } from './rounds.ts'

const ONE_WAYS = 64
const BATCH = 32
const BATCHES_IN_FLIGHT = 16

/** Messages that share requests, and requests that nobody answers, against a request for each message. */
export const sharing =
  (count: number): Bench =>
  async (target, { rounds, tell }) => {
    const load = await createLoad(target)
    await using client = createClient({ nameServers: target.nameServer })
    const producer = client.producer()
    const oneway = client.producer({ group: 'oneway' })
    const goal = target.kind === 'real' ? { goal: { ratio: 4, cpuUs: 6 } } : {}
    const contestants: readonly Contestant[] = [
      { name: 'sendAll', run: () => timed(count, () => sendAll(producer, load, count, {})) },
      { name: 'sendAll, batch', run: () => timed(count, () => sendAll(producer, load, count, { batch: {} })), ...goal },
      {
        name: 'sendAll, batch, sharding keys',
        run: () => timed(count, () => sendAll(producer, load, count, { batch: {} }, n => `${n % 100}`)),
      },
      { name: `sendBatch$ of ${BATCH}`, run: () => timed(count, () => sendBatches(producer, load, count)) },
      { name: 'oneway$', run: () => timed(count, () => sendOneway(oneway, load, count)) },
    ]
    const rows = await interleaved(contestants, rounds, tell)
    return { title: `messages that share requests, ${load.body.length} B, ${nameOf(target)}`, unit: 'message', rows }
  }

const sendAll = (
  producer: Producer,
  { topic: name, body }: Load,
  count: number,
  options: { readonly batch?: object },
  shardKey?: (n: number) => string,
): Promise<number> => {
  const of = topic(name)
  const toMessage = (n: number): Outbound<Uint8Array> =>
    message(of, body, shardKey === undefined ? {} : { shardKey: shardKey(n) })
  return lastValueFrom(range(0, count).pipe(producer.sendAll(toMessage, { buffer: { count }, ...options }), counted()))
}

const sendBatches = (producer: Producer, { topic: name, body }: Load, count: number): Promise<number> => {
  const of = topic(name)
  const next$ = defer(() => producer.sendBatch$(Array.from({ length: BATCH }, () => message(of, body))))
  return lastValueFrom(
    inFlight$(next$, count / BATCH, BATCHES_IN_FLIGHT).pipe(
      map(results => results.length),
      reduce((sum, length) => sum + length, 0),
    ),
  )
}

/** As many as the socket takes; then the broker is asked once, so that all it was given counts. */
const sendOneway = async (producer: Producer, { topic: name, body }: Load, count: number): Promise<void> => {
  const of = topic(name)
  const next$ = defer(() => producer.oneway$(message(of, body)))
  await lastValueFrom(inFlight$(next$, count, ONE_WAYS).pipe(counted()))
  await producer.send(message(of, body))
}
