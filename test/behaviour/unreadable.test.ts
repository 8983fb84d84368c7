import { map, mergeMap, take, tap, toArray, lastValueFrom } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codecs, isRocketError, message, on, topic } from '../../src/index.ts'
import type { Client, ConsumerOptions, Delivery, OnDecodeError, Processed } from '../../src/index.ts'
import { MESSAGE_FLAG } from '../../src/protocol/sys-flags.ts'
import { askOk } from '../cluster/ask.ts'
import { consume, processedCount } from '../support/consuming.ts'
import { eventsOf, ofType, quietClient } from '../support/quiet-client.ts'
import { settledCount } from '../support/stored.ts'
import { replacing, startTamperingProxy } from '../support/tampering-proxy.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'
import { unhandledErrors } from '../support/unhandled-errors.ts'

let cluster: TestCluster
let client: Client
beforeAll(async () => {
  cluster = await startTarget()
  client = quietClient(cluster)
})
afterAll(async () => {
  await client.close()
  await cluster.stop()
})

unhandledErrors()

const SEND_V2 = 310
const UNKNOWN_COMPRESSION = 0x400
const BAD = ['{"n":', 'not zlib', 'by nobody'] as const
/** Three bodies that cannot be read, each for a reason of its own, and then two that can. */
const sendBadThenGood = async (): Promise<string> => {
  const name = unique('numbers')
  await cluster.createTopic(name, { queues: 1 })
  const producer = client.producer()
  await producer.send(message(topic(name, codecs.text), BAD[0]))
  const flags = [MESSAGE_FLAG.COMPRESSION_ZLIB, UNKNOWN_COMPRESSION]
  for (const [i, flag] of flags.entries()) {
    const ext = { a: 'p', b: name, c: 'TBW102', d: '4', e: '0', f: `${MESSAGE_FLAG.COMPRESSED | flag}`, g: `${Date.now()}`, h: '0', i: '', j: '0', k: 'false', m: 'false' } // prettier-ignore
    await askOk(cluster.brokers[0] ?? '', SEND_V2, { ext, body: BAD[i + 1] ?? '' })
  }
  for (const n of [1, 2]) await producer.send(message(topic(name, codecs.json<{ n: number }>()), { n }))
  return name
}
const consumerOf = (name: string, more: Partial<ConsumerOptions> = {}, from = client) =>
  from.consumer({
    startFrom: 'first',
    ...more,
    group: unique('g'),
    subscribe: [on(topic(name, codecs.json<{ n: number }>()))],
  })
const rawText = ({ raw }: Pick<Delivery, 'raw'>) => Buffer.from(raw.body).toString()
const told = (processed: readonly Processed[]) =>
  processed
    .map(
      ({ delivery, settlement, error }) => `${rawText(delivery)} ${settlement} ${error === undefined ? 'good' : 'bad'}`,
    )
    .sort()
const all = (settlement: string) =>
  ['{"n":1} acked good', '{"n":2} acked good', ...BAD.map(bad => `${bad} ${settlement} bad`)].sort()

describe('a message that cannot be read', () => {
  it.each(['process$', 'processBatch$'] as const)(
    'goes the way of onDecodeError in %s, unseen by the handler, and the others go on',
    async door => {
      for (const [onDecodeError, settlement] of [
        ['dead-letter', 'dead-lettered'],
        ['retry-later', 'retry-scheduled'],
        ['ack', 'acked'],
      ] as const satisfies readonly (readonly [OnDecodeError, string])[]) {
        const name = await sendBadThenGood()
        const consumer = consumerOf(name, { onDecodeError, retry: { maxAttempts: 1 } })
        const seen: number[] = []
        const see = (delivery: Delivery<string, { n: number }>) => void seen.push(delivery.message.body.n)
        const processed$ =
          door === 'process$' ? consumer.process$(see) : consumer.processBatch$(batch => batch.forEach(see))
        const processed: Processed[] = []
        const subscription = processed$.subscribe({ next: one => processed.push(one), error: () => undefined })
        await expect.poll(() => processed.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(5)
        expect(told(processed.slice(0, 5))).toEqual(all(settlement))
        expect(seen.sort()).toEqual([1, 2])
        if (onDecodeError === 'dead-letter') expect(await settledCount(client, `%DLQ%${consumer.group}`, 3)).toBe(3)
        subscription.unsubscribe()
      }
    },
  )

  it.each(['process$', 'processBatch$'] as const)(
    'is handed over raw in %s on request, with the reason, and settled as any other',
    async door => {
      const name = await sendBadThenGood()
      const events = eventsOf(client)
      const consumer = consumerOf(name, { onDecodeError: 'deliver-raw' })
      const codes: (string | undefined)[] = []
      const look = (delivery: Delivery<string, { n: number }>): void => {
        codes.push(delivery.decodeError?.code)
        if (delivery.decodeError === undefined) return
        expect(() => delivery.message).toThrow(delivery.decodeError)
        expect(delivery.raw).toMatchObject({ topic: name, queue: delivery.queue, reconsumeTimes: 0 })
        if (rawText(delivery) === BAD[0]) delivery.deadLetter()
      }
      const processed$ =
        door === 'process$' ? consumer.process$(look) : consumer.processBatch$(batch => batch.forEach(look))
      const processed = await lastValueFrom(processed$.pipe(take(5), toArray()))
      expect(processed.map(({ settlement }) => settlement).sort()).toEqual([
        ...Array.from({ length: 4 }, () => 'acked'),
        'dead-lettered',
      ])
      expect(codes.filter(code => code === 'ERR_RMQ_DECODE')).toHaveLength(3)
      const failures = ofType(events, 'consumer-failure').filter(({ group }) => group === consumer.group)
      expect(failures.map(({ where }) => where)).toEqual(['decode', 'decode', 'decode'])
    },
  )

  it.each(['messages$', 'queues$'] as const)(
    'is handed out by %s as any other: it throws when it is read, and can be looked at without',
    async door => {
      const name = await sendBadThenGood()
      const consumer = consumerOf(name)
      const deliveries$ =
        door === 'messages$' ? consumer.messages$() : consumer.queues$().pipe(mergeMap(({ messages$ }) => messages$))
      const read = await lastValueFrom(
        deliveries$.pipe(
          tap(delivery => delivery.ack()),
          map(delivery => {
            try {
              return `${delivery.message.body.n} ${delivery.decodeError === undefined}`
            } catch (error) {
              return `${rawText(delivery)} ${isRocketError(error) && error === delivery.decodeError}`
            }
          }),
          take(5),
          toArray(),
        ),
      )
      expect(read).toEqual([...BAD.map(bad => `${bad} true`), '1 true', '2 true'])
    },
  )

  it('may be one whose bytes changed on their way: its raw bytes are what came', async () => {
    const [broker = ''] = cluster.brokers
    const proxy = await startTamperingProxy(broker, replacing('"n":1', '"n":7'))
    const tampered = quietClient(cluster, { addressMap: address => (address === broker ? proxy.address : address) })
    try {
      const name = await sendBadThenGood()
      const got = consume(consumerOf(name, { onDecodeError: 'ack' }, tampered), () => undefined)
      await processedCount(got, 5)
      const [changed] = got.processed.filter(({ delivery }) => rawText(delivery) === '{"n":7}')
      expect(changed?.error).toMatchObject({
        code: 'ERR_RMQ_DECODE',
        message: expect.stringContaining('checksum') as string,
      })
      expect(got.isOver()).toBe(false)
      got.unsubscribe()
    } finally {
      await tampered.close()
      await proxy.stop()
    }
  })
})
