/** Stops a member of a group under load, at a moment and in a way that a seed decides, and counts. */
import { filter, firstValueFrom, map, Subject, take, timer } from 'rxjs'
import { codecs, isRocketError, message, on, topic } from '../../src/index.ts'
import type { Client, Consumer, Delivery } from '../../src/index.ts'
import { PATIENT, quietClient } from './quiet-client.ts'
import { chanceOf } from './seeded.ts'
import { createStopRecord } from './stop-record.ts'
import type { Life } from './stop-record.ts'
import { handling$, isInOrder, MODES } from './stop-streams.ts'
import { unique } from './target.ts'
import type { TestCluster } from './test-cluster.ts'

const WAYS = ['until', 'close', 'unsubscribe', 'drain$', 'take'] as const
type Way = (typeof WAYS)[number]

/** How long all of a round's messages may take to be handled after the last stop, ms. */
const PATIENCE_MS = 20_000
/** After which a member that should end by itself, by the number of what it handled, is cut off, ms. */
const TOO_FEW_MS = 400

/** What a round needs: clients of one cluster, which several rounds may use one after the other. */
export interface StopStage {
  readonly cluster: TestCluster
  readonly clients: readonly Client[]
  readonly sender: Client
}

export const openStage = (cluster: TestCluster): StopStage => {
  const timing = { rebalanceMs: 1_000, drainMs: 10_000 }
  return {
    cluster,
    clients: [quietClient(cluster, { timing }), quietClient(cluster, { timing })],
    sender: quietClient(cluster),
  }
}
export const closeStage = async ({ clients, sender }: StopStage): Promise<void> => {
  for (const client of [...clients, sender]) await client.close()
}

const after = (ms: number): Promise<unknown> => firstValueFrom(timer(ms))

/** Plays one round. Errors with the seed and everything that was wrong. */
export const playStopRound = async ({ cluster, clients, sender }: StopStage, seed: number): Promise<void> => {
  const chance = chanceOf(seed)
  const mode = MODES[seed % MODES.length]!
  const numbers = topic(unique('stops'), codecs.json<number>())
  const group = unique('g')
  const queues = chance.between(2, 4)
  const count = chance.between(60, 160)
  await cluster.createTopic(numbers.name, { queues })
  const record = createStopRecord(isInOrder(mode))
  let lives = 0

  // ---- members

  const consumerOf = (client: Client): Consumer<Delivery<string, number>> =>
    client.consumer({
      group,
      subscribe: [on(numbers)],
      startFrom: 'first',
      ordering: isInOrder(mode) ? 'queue' : 'none',
      commit: { everyMs: 40 },
      flow: { pullBatch: 8, unsettledPerQueue: 24 },
    })
  const start = (client: Client, consumer: Consumer<Delivery<string, number>>, way: Way) => {
    const life = record.life(`life ${++lives}`)
    const until = new Subject<void>()
    const watching = watch(client, consumer, life)
    const all$ = handling$(mode, consumer, { record, life, chance }, until)
    let end = (): void => undefined
    const over = new Promise<void>(resolve => (end = resolve))
    life.abrupt = way === 'take' || way === 'unsubscribe'
    let isOver = false
    const finish = (): void => {
      if (isOver) return
      isOver = true
      watching.forEach(subscription => subscription.unsubscribe())
      record.ended(life)
      end()
    }
    const subscription = all$.pipe(way === 'take' ? take(chance.between(1, 40)) : filter(() => true)).subscribe({
      error: (error: unknown) => {
        record.found(`${life.name} failed: ${String(error)}`)
        finish()
      },
      complete: finish,
    })
    const stop: Record<Way, () => Promise<unknown>> = {
      until: () => (until.next(), over),
      close: async () => tellLeft(life, await consumer.close(), over),
      drain$: async () => tellLeft(life, await firstValueFrom(consumer.drain$()), over),
      unsubscribe: async () => {
        subscription.unsubscribe()
        finish()
        await Promise.resolve()
      },
      take: async () => {
        await Promise.race([over, after(TOO_FEW_MS)])
        subscription.unsubscribe()
        finish()
      },
    }
    /** A member that does not end is a finding, and no reason to wait for ever. */
    const stopInTime = async (): Promise<void> => {
      const ended = await Promise.race([stop[way]().then(() => true), after(PATIENCE_MS).then(() => false)])
      if (!ended) record.found(`${life.name} does not end by ${way}`)
    }
    return { life, stop: stopInTime }
  }
  const tellLeft = (life: Life, report: object, over: Promise<void>): Promise<void> => {
    const left = Object.entries(report).filter(([, value]) => value !== 0 && value !== false)
    if (left.length > 0) record.found(`${life.name} left ${JSON.stringify(Object.fromEntries(left))}`)
    return over
  }
  const watch = (client: Client, consumer: Consumer<Delivery<string, number>>, life: Life) => [
    client.events$.pipe(filter(event => event.type === 'start-position' && event.group === group)).subscribe(event => {
      if (event.type !== 'start-position' || event.queue.topic !== numbers.name) return
      record.started(life, event.queue.queueId, Number(event.offset))
    }),
    consumer.assignments$
      .pipe(
        map(({ current }) => current.filter(queue => queue.topic === numbers.name)),
        map(queues => queues.map(({ queueId }) => queueId)),
      )
      .subscribe(queueIds => record.holds(life, queueIds)),
    consumer.failures$.subscribe(({ where, error }) => {
      const isBusy = where === 'lock' && isRocketError(error) && error.code === 'ERR_RMQ_TIMEOUT' // asked again soon
      if (where !== 'rebalance' && !isBusy) record.found(`${life.name}: ${where}: ${String(error)}`)
    }),
    consumer.lag$(5).subscribe(progress => {
      for (const { queue, committed } of progress) {
        if (queue.topic === numbers.name && committed !== undefined)
          record.committed(queue.queueId, committed.toNumber())
      }
    }),
  ]

  // ---- the round

  const sending = (async () => {
    for (let n = 0; n < count;) {
      const burst = Array.from({ length: Math.min(chance.between(1, 10), count - n) }, () => n++)
      await Promise.all(
        burst.map(n =>
          sender.producer(PATIENT).send(message(numbers, n), { select: ({ queues: all }) => all[n % queues] }),
        ),
      )
      await after(chance.between(0, 12))
    }
  })()
  const [first, second] = clients as [Client, Client]
  const steady = start(second, consumerOf(second), 'until')
  await after(chance.between(0, 40))
  let consumer = consumerOf(first)
  for (let stop = 0; stop < 2; stop++) {
    const way = WAYS[(seed + stop) % WAYS.length]!
    const restless = start(first, consumer, way)
    await after(chance.between(0, 150))
    await restless.stop()
    if (way === 'close') consumer = consumerOf(first)
    await after(chance.between(0, 20))
  }
  const last = start(first, consumer, 'until')
  await sending
  for (let waited = 0; record.handled.size < count && waited < PATIENCE_MS; waited += 10) await after(10)
  const lost = Array.from({ length: count }, (_, n) => n).filter(n => !record.handled.has(n))
  if (lost.length > 0) record.found(`nobody handled ${lost.join()}`)
  await Promise.all([last.stop(), steady.stop()])

  // ---- where the group stands now

  const later = consumerOf(first)
  const began = new Map<number, number>()
  const beginning = begun(first, group, numbers.name, began, queues)
  const reading = later.messages$().subscribe({ error: (error: unknown) => record.found(String(error)) })
  await Promise.race([beginning, after(PATIENCE_MS)])
  reading.unsubscribe()
  await later.close()
  for (let queueId = 0; queueId < queues; queueId++) {
    const sent = Math.ceil((count - queueId) / queues)
    if (began.get(queueId) !== sent && !record.mayBeBehind(queueId))
      record.found(`at the end queue ${queueId} stood at ${String(began.get(queueId))} of ${sent}`)
  }
  if (record.findings.length > 0)
    throw new Error(`seed ${seed} (${mode}, ${WAYS[seed % WAYS.length]!}): ${record.findings.slice(0, 12).join('; ')}`)
}

/** Resolves when a member has begun so many queues, and notes where. */
const begun = (client: Client, group: string, of: string, began: Map<number, number>, queues: number) =>
  firstValueFrom(
    client.events$.pipe(
      filter(event => {
        if (event.type !== 'start-position' || event.group !== group || event.queue.topic !== of) return false
        began.set(event.queue.queueId, Number(event.offset))
        return began.size === queues
      }),
    ),
  )
