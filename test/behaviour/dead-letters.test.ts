import { from, lastValueFrom, range, toArray } from 'rxjs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { codecs, message, topic } from '../../src/index.ts'
import { failureOf } from '../support/failure.ts'
import { eventsOf, ofType, PATIENT, quietClient } from '../support/quiet-client.ts'
import { readAll } from '../support/stored.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget()
})
afterAll(() => cluster.stop())

const topics = async () => {
  const numbers = topic(unique('numbers'), codecs.json<number>())
  const letters = topic(unique('letters'), codecs.json())
  for (const { name } of [numbers, letters]) await cluster.createTopic(name, { queues: 1 })
  return { numbers, letters }
}

for (const batch of [undefined, {}]) {
  it(`what cannot be sent goes to the topic for that, with the reason${batch === undefined ? '' : ', also where messages gather'}`, async () => {
    const { numbers, letters } = await topics()
    await using client = quietClient(cluster)
    const outcomes = await lastValueFrom(
      range(0, 10).pipe(
        client.producer(PATIENT).sendAll(
          n => {
            if (n === 3) throw new Error('three cannot be made')
            const properties = { n: `${n}`, ...(n === 7 ? { KEYS: 'reserved' } : {}) }
            return message(numbers, n, { tag: 'number', properties, ...(n === 5 ? { delayLevel: 99 } : {}) })
          },
          { onError: { deadLetter: letters }, order: 'source', ...(batch === undefined ? {} : { batch }) },
        ),
        toArray(),
      ),
    )
    expect(outcomes.map(({ input, ok }) => (ok ? input : -input))).toEqual([0, 1, 2, -3, 4, -5, 6, -7, 8, 9])
    const failures = outcomes.filter(outcome => !outcome.ok)
    expect(failures.map(({ deadLettered, error }) => [deadLettered, error.code])).toEqual([
      [true, 'ERR_RMQ_ILLEGAL'],
      [true, 'ERR_RMQ_ILLEGAL'],
      [true, 'ERR_RMQ_ILLEGAL'],
    ])
    const received = await readAll(client, letters, { atLeast: 3 })
    const of = (n: number) => received.find(({ body }) => body === n)
    expect(received).toHaveLength(3)
    expect(of(3)?.properties).toMatchObject({
      deadLetterCode: 'ERR_RMQ_ILLEGAL',
      deadLetterReason: expect.stringContaining('three cannot be made') as string,
      deadLetterSent: 'no',
    })
    expect(of(5)).toMatchObject({ tag: 'number', properties: { n: '5', deadLetterTopic: numbers.name } })
    expect(of(7)?.properties).toMatchObject({ deadLetterTopic: numbers.name }) // without what it was refused for
    expect(of(7)?.properties).not.toHaveProperty('n')
  })
}

it('where the dead letter cannot be stored either, the outcome and an event say so', async () => {
  const { numbers } = await topics()
  await using client = quietClient(cluster)
  const events = eventsOf(client)
  const forbidden = topic('SCHEDULE_TOPIC_XXXX', codecs.json())
  const outcomes = await lastValueFrom(
    from([1]).pipe(
      client
        .producer(PATIENT)
        .sendAll(n => message(numbers, n, { delayLevel: 99 }), { onError: { deadLetter: forbidden } }),
      toArray(),
    ),
  )
  expect(outcomes).toMatchObject([{ ok: false, deadLettered: false, error: { code: 'ERR_RMQ_ILLEGAL' } }])
  expect(ofType(events, 'dead-letter-failed')).toMatchObject([{ topic: 'SCHEDULE_TOPIC_XXXX' }])
})

it('a function decides over each failure: go on, dead letter, or stop', async () => {
  const { numbers, letters } = await topics()
  await using client = quietClient(cluster)
  const asked: number[] = []
  const seen: string[] = []
  const sent$ = range(0, 10).pipe(
    client.producer(PATIENT).sendAll(n => message(numbers, n, n % 3 === 2 ? { delayLevel: 99 } : {}), {
      concurrency: 1,
      onError: ({ input }) => {
        asked.push(input)
        if (input === 2) return 'continue'
        return input === 5 ? { deadLetter: letters } : 'stop'
      },
    }),
  )
  const error = await failureOf(
    sent$.forEach(
      outcome => void seen.push(`${outcome.input}${outcome.ok ? '' : ` ${outcome.deadLettered ?? false}`}`),
    ),
  )
  expect(seen).toEqual(['0', '1', '2 false', '3', '4', '5 true', '6', '7'])
  expect(asked).toEqual([2, 5, 8])
  expect(error).toMatchObject({ code: 'ERR_RMQ_STREAM_STOPPED', input: 8, unsent: [9] })
})

it('a decision that fails stops the stream and is told as the reason', async () => {
  const { numbers } = await topics()
  await using client = quietClient(cluster)
  const sendAll = client.producer(PATIENT).sendAll((n: number) => message(numbers, n, { delayLevel: 99 }), {
    onError: () => {
      throw new Error('undecided')
    },
  })
  const error = await failureOf(from([1]).pipe(sendAll))
  expect(error).toMatchObject({ code: 'ERR_RMQ_STREAM_STOPPED', input: 1 })
  expect(error.message).toContain('undecided')
})
