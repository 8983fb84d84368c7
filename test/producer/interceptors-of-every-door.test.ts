import { concatMap, EMPTY, lastValueFrom, of, retry, Subject, tap, throwError, timer, toArray } from 'rxjs'
import { afterEach, describe, expect, it } from 'vitest'
import { codecs, createClient, message, topic } from '../../src/index.ts'
import type { Client, Outbound, SendInterceptor, Sending } from '../../src/index.ts'
import { readBatchMembers } from '../../src/protocol/messages/client-batch.ts'
import { PROPERTY, readProperties } from '../../src/protocol/messages/properties.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { RESPONSE } from '../../src/protocol/responses.ts'
import { failureOf } from '../support/failure.ts'
import { answers, fakeCluster, storedAnswer } from '../support/fake-cluster.ts'
import { aRequest } from '../support/fake-replies.ts'
import { fakeTransport } from '../support/fake-transport.ts'
import type { Script } from '../support/fake-transport.ts'

const SEND = REQUESTS.SEND_MESSAGE_V2.code
const BATCH = REQUESTS.SEND_BATCH_MESSAGE.code
const tagged = (tag: string): Outbound<Uint8Array> => message(topic('t'), Buffer.from(tag), { tag })
const [A, B, C] = [tagged('A'), tagged('B'), tagged('C')]

const clients: Client[] = []
afterEach(async () => {
  await Promise.all(clients.splice(0).map(client => client.close({ drainMs: 0 })))
})
const world = (interceptors: readonly SendInterceptor[], instead: Readonly<Record<number, Script>> = {}) => {
  const transport = fakeTransport(fakeCluster({ instead }))
  const client = createClient({ nameServers: 'n:1', logger: false, runtime: { transport, random: () => 0 } })
  clients.push(client)
  const options = { group: 'g', interceptors }
  return {
    client,
    producer: client.producer(options),
    transactional: () => client.transactionalProducer({ ...options, group: 'tx', check: () => 'rollback' }),
    /** Bodies of what was written, those of a batch joined. */
    written: () =>
      transport.written
        .filter(({ frame: { code } }) => code === SEND || code === BATCH)
        .map(({ frame: { code, body } }) =>
          code === SEND
            ? body.toString()
            : readBatchMembers(body)
                .map(one => one.body.toString())
                .join('+'),
        ),
    replies: () => transport.sent(REQUESTS.SEND_REPLY_MESSAGE_V2.code),
    properties: () => transport.sent(SEND).map(({ frame }) => readProperties(frame.fields['i'] ?? '')),
  }
}

/** Notes what passes, and how it ended. */
const notes = () => {
  const heard: string[] = []
  const noting: SendInterceptor = (sending, next) => {
    const name = `${sending.kind} ${sending.message.tag ?? ''}`
    heard.push(`> ${name}`)
    return next(sending).pipe(
      tap({
        next: result => heard.push(`< ${name} ${result.messageId === sending.messageId ? 'same id' : 'other id'}`),
        error: () => heard.push(`! ${name}`),
      }),
    )
  }
  return { heard, noting }
}
const tags =
  (only: string, instead: (sending: Sending) => ReturnType<SendInterceptor>): SendInterceptor =>
  (sending, next) =>
    sending.message.tag === only ? instead(sending) : next(sending)

describe('interceptors are around every way to send', () => {
  it('one-way sends: they hear that the socket took it, which has no attempts', async () => {
    const { heard, noting } = notes()
    const { producer } = world([noting])
    expect(await producer.oneway(A)).not.toHaveProperty('attempts')
    expect(heard).toEqual(['> oneway A', '< oneway A same id'])
  })

  it('each message of a batch, which stays one request, in its order', async () => {
    const { heard, noting } = notes()
    const { producer, written } = world([noting])
    const results = await producer.sendBatch([A, B])
    expect(new Set(results.map(({ messageId }) => messageId)).size).toBe(2)
    expect(heard).toEqual(['> batch A', '> batch B', '< batch A same id', '< batch B same id'])
    await producer.onewayBatch([B, A])
    expect(heard.slice(4)).toEqual(['> oneway-batch B', '> oneway-batch A', '< oneway-batch B same id', '< oneway-batch A same id']) // prettier-ignore
    expect(written()).toEqual(['A+B', 'B+A'])
  })

  it('what gathers from a stream, which still gathers', async () => {
    const { heard, noting } = notes()
    const { producer, written } = world([noting])
    const outcomes = await lastValueFrom(
      of(A, B, C).pipe(
        producer.sendAll(one => one, { batch: {} }),
        toArray(),
      ),
    )
    expect(outcomes.map(({ ok, input }) => [ok, input.tag])).toEqual([[true, 'A'], [true, 'B'], [true, 'C']]) // prettier-ignore
    expect(heard.filter(line => line.startsWith('>'))).toEqual(['> batch A', '> batch B', '> batch C'])
    expect(heard.filter(line => line.startsWith('<'))).toHaveLength(3)
    expect(written()).toEqual(['A+B+C'])
  })

  it('the half message of a transaction, which stays a half message whatever they make of it', async () => {
    const kinds: string[] = []
    const rewriting: SendInterceptor = (sending, next) => {
      kinds.push(sending.kind)
      return next({ ...sending, message: message(topic('t'), Buffer.from('other')) })
    }
    const { transactional, properties } = world([rewriting])
    const ran = await transactional().sendInTransaction(A, () => undefined)
    expect([ran.decision, kinds]).toEqual(['commit', ['transaction']])
    expect(properties().map(all => all[PROPERTY.TRANSACTION_PREPARED])).toEqual(['true'])
    expect(properties().map(all => all[PROPERTY.PRODUCER_GROUP])).toEqual(['tx'])
  })

  it('requests, until they are stored', async () => {
    const { heard, noting } = notes()
    const { producer, properties } = world([noting])
    expect(await failureOf(producer.request(A, topic('r'), { timeoutMs: 30 }))).toMatchObject({
      code: 'ERR_RMQ_REPLY_TIMEOUT',
    })
    expect(heard).toEqual(['> request A', '< request A same id'])
    expect(properties()[0]).toHaveProperty(PROPERTY.CORRELATION_ID)
  })

  it('replies, which go to whoever asked whatever they make of them', async () => {
    const { heard, noting } = notes()
    const rewriting: SendInterceptor = (sending, next) =>
      next({ ...sending, message: message(topic('elsewhere'), Buffer.from('other'), { tag: 'T' }) })
    const { producer, replies } = world([noting, rewriting])
    const { messageId } = await producer.reply(aRequest(), 'yes', codecs.text)
    expect(heard).toEqual(['> reply ', '< reply  same id'])
    const [{ frame: { fields, body } }] = replies() as [ReturnType<typeof replies>[0]] // prettier-ignore
    expect([fields['b'], body.toString()]).toEqual(['c_REPLY_TOPIC', 'other'])
    expect(readProperties(fields['i'] ?? '')).toMatchObject({
      [PROPERTY.CORRELATION_ID]: 'c 1',
      [PROPERTY.UNIQUE_KEY]: messageId,
      [PROPERTY.TAGS]: 'T',
      [PROPERTY.MESSAGE_TYPE]: 'reply',
    })
  })

  it('but not a reply to what is no request: nobody hears of it', async () => {
    const { heard, noting } = notes()
    const { producer, replies } = world([noting])
    expect((await failureOf(producer.reply(aRequest({ properties: {} }), 'yes', codecs.text))).code).toBe(
      'ERR_RMQ_ILLEGAL',
    )
    expect([heard, replies()]).toEqual([[], []])
  })
})

describe('an interceptor at one message of a batch', () => {
  it('may hand on another one', async () => {
    const { producer, written } = world([
      (sending, next) => next({ ...sending, message: sending.message.tag === 'B' ? C : A }),
    ])
    await producer.sendBatch([A, B])
    expect(written()).toEqual(['A+C'])
  })

  it('that refuses it fails that one; the others leave', async () => {
    const refusing = tags('B', () => throwError(() => new Error('not B')))
    const { producer, written } = world([refusing])
    const error = await failureOf(producer.sendBatch([A, B, C]))
    expect([error.code, error.sent]).toEqual(['ERR_RMQ_ILLEGAL', 'maybe']) // who knows what it did
    expect(error.partial.map(({ ok }) => ok)).toEqual([true, false, true])
    expect(written()).toEqual(['A+C'])
  })

  it('that gives nothing fails that one', async () => {
    const { producer, written } = world([tags('A', () => EMPTY)])
    const error = await failureOf(producer.sendBatch([A, B]))
    expect(error.partial.map(({ ok }) => ok)).toEqual([false, true])
    expect(error.message).toContain('it gave no result')
    expect(written()).toEqual(['B'])
  })

  it('that refuses all has nothing sent', async () => {
    const { producer, written } = world([() => throwError(() => new Error('none'))])
    expect((await failureOf(producer.sendBatch([A, B]))).partial).toHaveLength(2)
    expect(written()).toEqual([])
  })

  it('that holds it back holds back its batch', async () => {
    const gate = new Subject<void>()
    const holding: SendInterceptor = (sending, next) =>
      sending.message.tag === 'A' ? gate.pipe(concatMap(() => next(sending))) : next(sending)
    const { producer, written } = world([holding])
    const sent = producer.sendBatch([A, B])
    await lastValueFrom(timer(20))
    expect(written()).toEqual([])
    gate.next()
    gate.complete()
    expect(await sent).toHaveLength(2)
    expect(written()).toEqual(['A+B'])
  })

  it('that tries again after the batch failed sends its message alone, with the same id', async () => {
    const ids: string[] = []
    const trying: SendInterceptor = (sending, next) => {
      ids.push(sending.messageId)
      return sending.message.tag === 'A' ? next(sending).pipe(retry(1)) : next(sending)
    }
    const { producer, written, properties } = world([trying], { [BATCH]: () => of(answers(RESPONSE.MESSAGE_ILLEGAL)) })
    const error = await failureOf(producer.sendBatch([A, B]))
    expect(error.partial.map(({ ok }) => ok)).toEqual([true, false])
    expect(written()).toEqual(['A+B', 'A'])
    expect(properties()[0]?.[PROPERTY.UNIQUE_KEY]).toBe(ids[0])
  })

  it('and what makes the batch impossible is the error of the whole, as without any', async () => {
    const { producer, written } = world([tags('B', () => EMPTY), (sending, next) => next({ ...sending, message: { ...sending.message, delayLevel: 1 } })]) // prettier-ignore
    const error = await failureOf(producer.sendBatch([A, C]))
    expect([error.code, error.partial]).toEqual(['ERR_RMQ_ILLEGAL', []])
    expect(written()).toEqual([])
  })

  it('is left when the subscriber leaves, and nothing is sent', async () => {
    const { producer, written } = world([(sending, next) => timer(10).pipe(concatMap(() => next(sending)))]) // prettier-ignore
    producer.sendBatch$([A, B]).subscribe().unsubscribe()
    const sending = producer.sendBatch$([A, B]).subscribe()
    await lastValueFrom(timer(3))
    sending.unsubscribe()
    await lastValueFrom(timer(30))
    expect(written()).toEqual([])
  })
})

it('without interceptors nothing of this is on the way: the answer of a plain send is the result', async () => {
  const { producer } = world([], { [SEND]: () => of(storedAnswer(7)) })
  expect((await producer.send(A)).queueOffset.toNumber()).toBe(7)
})
