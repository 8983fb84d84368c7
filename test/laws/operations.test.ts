/** The laws that every operation of the public API obeys: each stream that does something when it is subscribed. */
import { firstValueFrom, lastValueFrom, map, materialize, timeout, toArray, type Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { codecs, isRocketError, message, topic, type Client } from '../../src/index.ts'
import { encodeRecallHandle } from '../../src/protocol/recall-handle.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { aQueue } from '../support/builders.ts'
import { aRequest } from '../support/fake-replies.ts'
import { GROUP, HELLO, PULLING, transactional, unreachable, world } from './world.ts'

const HANDLE = encodeRecallHandle({ topic: 't', brokerName: 'a', timestamp: '1', messageId: 'M' })

/** Everything that does something when it is subscribed. Those that are one question are over with one answer. */
const OPERATIONS: Readonly<Record<string, (client: Client) => Observable<unknown>>> = {
  send$: client => client.producer().send$(HELLO),
  sendOutcome$: client => client.producer().sendOutcome$(HELLO),
  sendBatch$: client => client.producer().sendBatch$([HELLO, HELLO]),
  oneway$: client => client.producer().oneway$(HELLO),
  route$: client => client.producer().route$(HELLO),
  onewayBatch$: client => client.producer().onewayBatch$([HELLO, HELLO]),
  request$: client => client.producer().request$(HELLO, topic('replies')),
  reply$: client => client.producer().reply$(aRequest(), Buffer.from('x'), codecs.buffer),
  recall$: client => client.producer().recall$({ topic: 't', recallHandle: HANDLE }),
  flush$: client => client.producer().flush$(),
  sendInTransaction$: client => transactional(client).sendInTransaction$(HELLO, () => undefined),
  'ready$ of a group': client => transactional(client).ready$(),
  ready$: client => client.ready$(),
  clusterInfo$: client => client.clusterInfo$(),
  fetch$: client => client.consumer(GROUP).fetch$({ waitMs: 5 }),
  poll$: client => client.pullConsumer(PULLING).poll$(5),
  start$: client => client.pullConsumer(PULLING).start$(),
  seek$: client => client.pullConsumer(PULLING).seek$('first'),
  committed$: client => client.pullConsumer(PULLING).committed$(aQueue()),
  offsetForTimestamp$: client => client.pullConsumer(PULLING).offsetForTimestamp$(aQueue(), new Date(0)),
  minOffset$: client => client.minOffset$(aQueue()),
  maxOffset$: client => client.maxOffset$(aQueue()),
  committedOffset$: client => client.committedOffset$('g', aQueue()),
  commitOffset$: client => client.commitOffset$('g', aQueue(), 1),
  // the broker of this world holds every pull
  pull$: client => client.pull$(aQueue(), { offset: 0 }),
  process$: client => client.consumer(GROUP).process$(() => undefined),
}
const SINGLE = Object.entries(OPERATIONS).filter(([name]) => name !== 'process$' && name !== 'pull$')

/** Operations that fail by themselves, before anything could be asked of a server. */
const REFUSED: Readonly<Record<string, (client: Client) => Observable<unknown>>> = {
  'send$ of an empty body': client => client.producer().send$(message(topic('t'), Buffer.alloc(0))),
  'sendBatch$ of nothing': client => client.producer().sendBatch$([]),
  'oneway$ of an empty body': client => client.producer().oneway$(message(topic('t'), Buffer.alloc(0))),
  'send$ to a bad topic': client => client.producer().send$(message(topic('a b'), Buffer.from('x'))),
  'send$ with a bad option': client => client.producer().send$(HELLO, { timeoutMs: -1 }),
  'send$ that is aborted before': client =>
    client.producer().send$(HELLO, { signal: AbortSignal.abort(new Error('no')) }),
  'request$ of an empty body': client => client.producer().request$(message(topic('t'), Buffer.alloc(0)), topic('r')),
  'request$ with a bad option': client => client.producer().request$(HELLO, topic('r'), { timeoutMs: -1 }),
  'reply$ to what is no request': client =>
    client.producer().reply$(aRequest({ properties: {} }), Buffer.from('x'), codecs.buffer),
  'recall$ by a bad handle': client => client.producer().recall$({ topic: 't', recallHandle: 'rubbish' }),
  'sendOutcome$ of an empty body': client => client.producer().sendOutcome$(message(topic('t'), Buffer.alloc(0))),
  'sendInTransaction$ of an empty body': client =>
    transactional(client).sendInTransaction$(message(topic('t'), Buffer.alloc(0)), () => undefined),
  'sendInTransaction$ without a local part': client =>
    transactional(client).sendInTransaction$(HELLO, undefined as never),
  'sendInTransaction$ with a bad option': client =>
    transactional(client).sendInTransaction$(HELLO, () => undefined, undefined, { checkAfterMs: -1 }),
  'fetch$ with a bad option': client => client.consumer(GROUP).fetch$({ max: 0 }),
  'poll$ with a bad time': client => client.pullConsumer(PULLING).poll$(-1),
  'seek$ to no place': client => client.pullConsumer(PULLING).seek$('nowhere' as never),
  'commit$ of nothing that was polled': client => client.pullConsumer(PULLING).commit$([aQueue()]),
  'commitOffset$ below 0': client => client.commitOffset$('g', aQueue(), -1n),
  'committed$ of no queue': client => client.pullConsumer(PULLING).committed$({} as never),
  'pull$ from nowhere': client => client.pull$(aQueue(), { offset: -1 }),
  'process$ with a bad option': client => client.consumer(GROUP).process$(() => undefined, { concurrency: 0 }),
}

/** Subscribes, and tells what was heard before `subscribe` had returned. */
const heardWithin = (source$: Observable<unknown>): readonly string[] => {
  const heard: string[] = []
  let within = true
  const hear = (what: string) => () => {
    if (within) heard.push(what)
  }
  const subscription = source$.subscribe({ next: hear('next'), error: hear('error'), complete: hear('complete') })
  within = false
  subscription.unsubscribe()
  return heard
}

const notifications = (source$: Observable<unknown>): Promise<readonly string[]> =>
  firstValueFrom(
    source$.pipe(
      materialize(),
      map(({ kind }) => kind),
      toArray(),
      timeout(2_000),
    ),
  )

describe('no operation tells anything within subscribe', () => {
  it.each(Object.entries(OPERATIONS))('%s: not when all is well', (_, operation) => {
    expect(heardWithin(operation(world().client))).toEqual([])
  })

  it.each(Object.entries(OPERATIONS))('%s: not when no server can be reached', (_, operation) => {
    expect(heardWithin(operation(unreachable().client))).toEqual([])
  })

  it.each(Object.entries(OPERATIONS))('%s: not when its connections are there already', async (_, operation) => {
    const { client } = world()
    const producer = client.producer()
    await producer.send(HELLO)
    expect(heardWithin(operation(client))).toEqual([])
  })

  it.each(Object.entries(REFUSED))('%s: not when it is refused', async (_, operation) => {
    const { client } = world()
    expect(heardWithin(operation(client))).toEqual([])
    const told = await notifications(operation(client))
    expect([['E'], ['N', 'C']]).toContainEqual(told)
  })

  it('not when the client is closed already', async () => {
    const { client } = world()
    const producer = client.producer()
    const consumer = client.consumer(GROUP)
    const transactions = transactional(client)
    const pulling = client.pullConsumer(PULLING)
    await client.close()
    for (const operation$ of [
      transactions.sendInTransaction$(HELLO, () => undefined),
      transactions.ready$(),
      producer.send$(HELLO),
      producer.sendOutcome$(HELLO),
      producer.request$(HELLO, topic('r')),
      producer.recall$({ topic: 't', recallHandle: HANDLE }),
      consumer.process$(() => undefined),
      consumer.fetch$(),
      pulling.poll$(),
      pulling.commit$(),
      client.pull$(aQueue(), { offset: 0 }),
    ]) {
      expect(heardWithin(operation$)).toEqual([])
      expect([['E'], ['N', 'C']]).toContainEqual(await notifications(operation$))
    }
  })
})

describe('an operation', () => {
  it.each(Object.entries(OPERATIONS))('%s does nothing before it is subscribed', async (_, operation) => {
    const { client, transport } = world()
    void operation(client)
    await new Promise(resolve => setTimeout(resolve, 5))
    expect([transport.dials, transport.written]).toEqual([[], []])
  })

  it.each(Object.entries(OPERATIONS))('%s that is unsubscribed within the turn never starts', async (_, operation) => {
    const { client, transport } = world()
    operation(client).subscribe().unsubscribe()
    await new Promise(resolve => setTimeout(resolve, 5))
    expect([transport.dials, transport.written]).toEqual([[], []])
  })

  it.each(SINGLE)('%s tells exactly one value, then that it is over', async (_, operation) => {
    expect(await notifications(operation(world().client))).toEqual(['N', 'C'])
  })

  it.each(SINGLE)('%s is never empty: where there is no answer there is an error', async (_, operation) => {
    const told = await notifications(operation(unreachable().client))
    expect([['E'], ['N', 'C']]).toContainEqual(told)
  })

  it.each(SINGLE)('%s fails, if it does, with a RocketError that says whether it was sent', async (_, operation) => {
    const failure: unknown = await lastValueFrom(operation(unreachable().client)).catch((error: unknown) => error)
    if (failure instanceof Error)
      expect([isRocketError(failure) && failure.code, isRocketError(failure) && failure.sent]).toEqual([
        'ERR_RMQ_CONNECT',
        'no',
      ])
  })

  it('is done anew by each subscription', async () => {
    const { client, transport } = world()
    const send$ = client.producer().send$(HELLO)
    await Promise.all([lastValueFrom(send$), lastValueFrom(send$)])
    expect(transport.sent(REQUESTS.SEND_MESSAGE_V2.code)).toHaveLength(2)
  })

  it('by its Promise door acts when it is called, and has the same result', async () => {
    const { client, transport } = world()
    const producer = client.producer()
    const promise = producer.send(HELLO)
    const flushed = producer.flush()
    await flushed
    expect(transport.sent(REQUESTS.SEND_MESSAGE_V2.code)).toHaveLength(1)
    expect((await promise).status).toBe('ok')
    expect((await producer.sendOutcome(HELLO)).ok).toBe(true)
    expect(await client.ready()).toBe(client)
  })
})
