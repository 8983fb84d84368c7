import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codecs, message, topic } from '../../src/index.ts'
import { askOk } from '../cluster/ask.ts'
import { failureOf } from '../support/failure.ts'
import { bodyOf, openPopper, type Popper } from '../support/popping.ts'
import { PATIENT, quietClient } from '../support/quiet-client.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget()
})
afterAll(() => cluster.stop())

const isTooOld = (): boolean => cluster.version.startsWith('4.')
/** A real broker looks for what was not acknowledged once a second, and behind what it has stored. */
const SOON_MS = 1_500

interface Popping extends Popper {
  readonly send: (...bodies: readonly string[]) => Promise<void>
  readonly topicName: string
  readonly group: string
}

/** What a group that pops is promised, where brokers know how; where they do not, that they say so. */
const popping = (title: string, queues: number, run: (popper: Popping) => Promise<void>): void =>
  it.concurrent(`${title}, or every pop is refused by name where brokers are too old`, async () => {
    const texts = topic(unique('popped'), codecs.text)
    await cluster.createTopic(texts.name, { queues })
    const group = unique('poppers')
    await cluster.createGroup(group)
    const popper = openPopper(cluster.brokers[0] ?? '', group, texts.name)
    const client = quietClient(cluster)
    const producer = client.producer(PATIENT)
    const send = async (...bodies: readonly string[]): Promise<void> => {
      for (const body of bodies) await producer.send(message(texts, body, { tag: body.slice(0, 1) }))
    }
    try {
      if (isTooOld()) {
        const refusal = { code: 'ERR_RMQ_BROKER', responseCode: 3, endpoint: cluster.brokers[0] }
        expect(await failureOf(popper.pop())).toMatchObject(refusal)
      } else {
        await run({ ...popper, send, topicName: texts.name, group })
      }
    } finally {
      popper.close()
      await client.close()
    }
  })

describe('a popped message', () => {
  popping('is acknowledged one by one and does not come again', 1, async ({ send, pop, ack }) => {
    await send('a', 'b', 'c')
    const { status, messages, restNum } = await pop({ most: 2, invisibleMs: SOON_MS })
    expect([status, messages.map(bodyOf), restNum.toNumber()]).toEqual(['FOUND', ['a', 'b'], 1])
    for (const { handle } of messages) expect(await ack(handle)).toBe(true)
    const rest = await pop({ invisibleMs: SOON_MS })
    expect(rest.messages.map(bodyOf)).toEqual(['c'])
    for (const { handle } of rest.messages) expect(await ack(handle)).toBe(true)
    await new Promise(resolve => setTimeout(resolve, 4_000))
    expect((await pop()).status).toBe('POLLING_NOT_FOUND')
  })

  popping('that is not acknowledged comes again, counted, when its time is over', 1, async popper => {
    const { send, pop, popMany, ack, topicName, group } = popper
    await send('a', 'b')
    const first = await pop({ invisibleMs: SOON_MS })
    const poppedAt = first.messages[0]?.handle.popTime.toNumber() ?? 0
    expect(first.messages.map(({ reconsumeTimes }) => reconsumeTimes)).toEqual([0, 0])
    expect(await ack(first.messages[0]!.handle)).toBe(true)

    const [again] = await popMany(1, { invisibleMs: SOON_MS })
    expect(again).toMatchObject({ reconsumeTimes: 1, handle: { mark: '1' }, stored: { topic: topicName } })
    expect(bodyOf(again!)).toBe('b')
    expect(again!.handle.popTime.toNumber()).toBeGreaterThanOrEqual(poppedAt + SOON_MS)
    expect(again!.stored.properties['1ST_POP_TIME']).toBe(String(poppedAt))

    const [third] = await popMany(1)
    expect(third).toMatchObject({ reconsumeTimes: 2, handle: { mark: '1' } })
    expect(third!.stored.properties['1ST_POP_TIME']).toBe(String(poppedAt))
    expect(await ack(third!.handle)).toBe(true)
    const retryTopic = await askOk(popper.endpoint, 351, { ext: { topic: `%RETRY%${group}_${topicName}` } })
    expect(JSON.parse(retryTopic.body.toString())).toMatchObject({ readQueueNums: 1, writeQueueNums: 1 })
  })

  popping('comes again as soon as it is told, and only its newest handle counts', 1, async popper => {
    const { send, pop, popMany, ack, changeInvisible } = popper
    await send('a')
    const [given] = (await pop()).messages
    const changed = await changeInvisible(given!.handle, SOON_MS)
    expect(changed?.popTime.toNumber()).toBeGreaterThanOrEqual(given!.handle.popTime.toNumber())
    expect(changed?.invisibleTime.toNumber()).toBe(SOON_MS)
    expect(await ack(given!.handle)).toBe(true) // counts for nothing
    const [again] = await popMany(1)
    expect(again).toMatchObject({ reconsumeTimes: 1 })

    const longer = await changeInvisible(again!.handle, 30_000)
    expect(await ack(longer!)).toBe(true)
    expect((await pop({ pollMs: 500 })).messages).toEqual([])
  })

  popping('that there is none of cannot be acknowledged or kept longer', 1, async popper => {
    const { send, pop, ack, changeInvisible } = popper
    await send('a')
    const [given] = (await pop()).messages
    const { handle } = given!
    const behind = { ...handle, queueOffset: handle.queueOffset.add(7) }
    const elsewhere = { ...handle, queueId: 9 }
    expect(await Promise.all([behind, elsewhere].map(ack))).toEqual([false, false])
    expect(await changeInvisible(behind, 10_000)).toBeUndefined()
  })
})

describe('many popped messages', () => {
  popping('are acknowledged in one request, whatever their queue', 2, async popper => {
    const { send, popMany, ackMany } = popper
    await send('a', 'b', 'c', 'd', 'e', 'f')
    const given = await popMany(6, { invisibleMs: SOON_MS })
    expect(new Set(given.map(({ handle }) => handle.queueId)).size).toBe(2)
    const [kept, ...others] = given
    await ackMany(others.map(({ handle }) => handle))
    const [again] = await popMany(1)
    expect(bodyOf(again!)).toBe(bodyOf(kept!))
  })

  popping('are those that the tags ask for: the others are passed over', 1, async ({ send, pop }) => {
    await send('apple', 'banana', 'avocado')
    expect((await pop({ tags: 'a' })).messages.map(bodyOf)).toEqual(['apple', 'avocado'])
    expect((await pop({ tags: 'b' })).messages).toEqual([])
  })
})

describe('a pop', () => {
  popping('is held until a message comes', 2, async ({ send, pop }) => {
    const held = pop({ pollMs: 15_000 })
    await new Promise(resolve => setTimeout(resolve, 300))
    await send('a')
    expect((await held).messages.map(bodyOf)).toEqual(['a'])
  })

  popping('in order closes its queue until all is acknowledged, and counts', 1, async ({ send, pop, ack, popMany }) => {
    await send('a', 'b', 'c')
    const ordered = { ordered: true, invisibleMs: SOON_MS }
    const first = await pop({ ...ordered, most: 2, attemptId: 'one' })
    expect(first.messages.map(bodyOf)).toEqual(['a', 'b'])
    expect(first.messages[0]?.handle.reviveQueueId).toBe(999)
    expect((await pop({ ...ordered, attemptId: 'two' })).messages).toEqual([])
    const repeated = await pop({ ...ordered, most: 2, attemptId: 'one' })
    expect(repeated.messages.map(bodyOf)).toEqual(['a', 'b'])
    const [a, b] = repeated.messages
    expect(await ack(a!.handle)).toBe(true)
    expect(await ack({ ...a!.handle, queueOffset: a!.handle.queueOffset.add(2) })).toBe(false) // not popped with it

    const again = await popMany(2, ordered)
    expect(again.map(one => [bodyOf(one), one.reconsumeTimes])).toEqual([
      ['b', 1],
      ['c', 0],
    ])
    expect(again[0]?.handle.popTime.toNumber()).toBeGreaterThanOrEqual(b!.handle.popTime.toNumber() + SOON_MS)
    for (const { handle } of again) expect(await ack(handle)).toBe(true)
    expect((await pop(ordered)).messages).toEqual([])
    await send('d')
    expect((await popMany(1, ordered)).map(bodyOf)).toEqual(['d'])
  })
})
