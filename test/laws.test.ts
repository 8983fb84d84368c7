/** The laws that every stream of the public API obeys, whoever made it and however it ends. */
import {
  concatMap,
  config,
  count,
  endWith,
  expand,
  filter,
  firstValueFrom,
  ignoreElements,
  lastValueFrom,
  map,
  materialize,
  mergeMap,
  NEVER,
  of,
  range,
  repeat,
  retry,
  take,
  throwError,
  timeout,
  timer,
  toArray,
  type Observable,
} from 'rxjs'
import { afterEach, describe, expect, it } from 'vitest'
import { notConnected } from '../src/errors.ts'
import { createClient, isRocketError, message, on, topic, type Client, type ConsumerOptions } from '../src/index.ts'
import { REQUESTS } from '../src/protocol/requests.ts'
import { fakeCluster } from './support/fake-cluster.ts'
import { fakeTransport, type FakeTransport, type FakeTransportOptions } from './support/fake-transport.ts'

const clients: Client[] = []
afterEach(async () => {
  await Promise.all(clients.splice(0).map(client => client.close({ drainMs: 0 })))
})

interface World {
  readonly client: Client
  readonly transport: FakeTransport
}

const world = (options: FakeTransportOptions = {}): World => {
  const transport = fakeTransport(fakeCluster(), options)
  const client = createClient({
    nameServers: 'n:1',
    clientId: 'me',
    logger: false,
    timing: { idleMs: 5, connectTimeoutMs: 200, requestTimeoutMs: 200 },
    runtime: { transport },
  })
  clients.push(client)
  return { client, transport }
}
const unreachable = (): World => world({ connects: () => throwError(() => notConnected('n:1')) })

const HELLO = message(topic('t'), Buffer.from('hello'))
const GROUP: ConsumerOptions = { group: 'g', subscribe: [on(topic('t'))], startFrom: 'first' }

/** Everything that does something when it is subscribed. Those that are one question are over with one answer. */
const OPERATIONS: Readonly<Record<string, (client: Client) => Observable<unknown>>> = {
  send$: client => client.producer().send$(HELLO),
  sendOutcome$: client => client.producer().sendOutcome$(HELLO),
  flush$: client => client.producer().flush$(),
  ready$: client => client.ready$(),
  clusterInfo$: client => client.clusterInfo$(),
  process$: client => client.consumer(GROUP).process$(() => undefined),
}
const SINGLE = Object.entries(OPERATIONS).filter(([name]) => name !== 'process$')

/** Operations that fail by themselves, before anything could be asked of a server. */
const REFUSED: Readonly<Record<string, (client: Client) => Observable<unknown>>> = {
  'send$ of an empty body': client => client.producer().send$(message(topic('t'), Buffer.alloc(0))),
  'send$ to a bad topic': client => client.producer().send$(message(topic('a b'), Buffer.from('x'))),
  'send$ with a bad option': client => client.producer().send$(HELLO, { timeoutMs: -1 }),
  'send$ that is aborted before': client =>
    client.producer().send$(HELLO, { signal: AbortSignal.abort(new Error('no')) }),
  'sendOutcome$ of an empty body': client => client.producer().sendOutcome$(message(topic('t'), Buffer.alloc(0))),
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
    await client.close()
    for (const operation$ of [
      producer.send$(HELLO),
      producer.sendOutcome$(HELLO),
      consumer.process$(() => undefined),
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

describe('sends are safe in every flattening of the user', () => {
  const MANY = 5_000 // enough to overflow the stack if any of it recursed
  const each = (worldOf: World) => {
    const producer = worldOf.client.producer({ retries: 0, maxInFlight: 64, maxQueued: MANY })
    return () => producer.sendOutcome$(HELLO)
  }

  it('concatMap: every one of thousands is told', async () => {
    const send$ = each(world())
    expect(await lastValueFrom(range(0, 2_000).pipe(concatMap(send$), count()))).toBe(2_000)
  })

  it('mergeMap with a limit, while every send fails as soon as it is tried', async () => {
    const send$ = each(unreachable())
    const failed$ = range(0, MANY).pipe(
      mergeMap(send$, 64),
      filter(outcome => !outcome.ok),
      count(),
    )
    expect(await lastValueFrom(failed$)).toBe(MANY)
  })

  it('mergeMap without a limit', async () => {
    const send$ = each(world())
    expect(await lastValueFrom(range(0, MANY).pipe(mergeMap(send$), count()))).toBe(MANY)
  })

  it('repeat, retry and expand', async () => {
    const send$ = each(world())
    expect(await lastValueFrom(send$().pipe(repeat(2_000), count()))).toBe(2_000)
    expect(await lastValueFrom(of(0).pipe(expand(send$), take(2_000), count()))).toBe(2_000)
    const refused = unreachable().client.producer({ retries: 0 })
    const failure: unknown = await lastValueFrom(refused.send$(HELLO).pipe(retry(2_000))).catch(
      (error: unknown) => error,
    )
    expect(isRocketError(failure) && failure.code).toBe('ERR_RMQ_CONNECT')
  })
})

describe('a state', () => {
  const STATES: Readonly<Record<string, (client: Client) => Observable<unknown>>> = {
    state$: client => client.state$,
    connections$: client => client.connections$,
    pressure$: client => client.producer().pressure$,
    assignments$: client => client.consumer(GROUP).assignments$,
  }

  it.each(Object.entries(STATES))('%s is told at once to everyone who asks', (_, state) => {
    const state$ = state(world().client)
    for (const time of ['first', 'second']) {
      const heard: string[] = []
      state$.subscribe(() => heard.push(time))
      expect(heard).toEqual([time])
    }
  })

  it.each(Object.entries(STATES))('%s is over when the client is closed, without a failure', async (_, state) => {
    const { client } = world()
    const over = lastValueFrom(state(client).pipe(ignoreElements(), endWith('over')))
    await client.close()
    expect(await over).toBe('over')
  })

  it.each(Object.entries(STATES))('%s never tells the same twice in a row', async (_, state) => {
    const { client } = world()
    const told: string[] = []
    state(client).subscribe(value => told.push(JSON.stringify(value)))
    await client.producer().send(HELLO)
    await lastValueFrom(
      client
        .consumer(GROUP)
        .process$(() => undefined, { until: timer(5) })
        .pipe(count()),
    )
    await client.close()
    expect(told.filter((value, i) => value === told[i - 1])).toEqual([])
  })

  it.each(Object.entries(STATES))('%s does not fail when no server can be reached', async (_, state) => {
    const { client } = unreachable()
    const all = lastValueFrom(state(client).pipe(toArray()))
    await client.producer().sendOutcome(HELLO)
    await client.close()
    expect((await all).length).toBeGreaterThan(0)
  })

  it('of a route never fails, either: why there is none is in the value', async () => {
    const { client } = unreachable()
    const { status, error } = await firstValueFrom(client.routes$('t'))
    expect([status, error?.code]).toEqual(['unknown', 'ERR_RMQ_CONNECT'])
  })
})

describe('events', () => {
  it('are not told again to who comes later', async () => {
    const { client } = world()
    await client.ready()
    const heard: unknown[] = []
    client.events$.subscribe(event => heard.push(event))
    client.consumer(GROUP).failures$.subscribe(event => heard.push(event))
    expect(heard).toEqual([])
  })

  it('end with the client', async () => {
    const { client } = world()
    const failures$ = client.consumer(GROUP).failures$
    const over = Promise.all(
      [client.events$, failures$].map(events$ => lastValueFrom(events$.pipe(ignoreElements(), endWith('over')))),
    )
    await client.close()
    expect(await over).toEqual(['over', 'over'])
  })

  it('reach one listener after the other in order, also those that a listener causes', async () => {
    const { client } = world()
    const heard: string[] = []
    client.events$.subscribe(event => {
      if (event.type !== 'connection-state' || event.state !== 'connecting') return
      if (event.endpoint === 'n:1') client.clusterInfo$().subscribe()
    })
    client.events$.subscribe(event => {
      if (event.type === 'connection-state') heard.push(event.state)
    })
    await client.ready()
    expect(heard.slice(0, 2)).toEqual(['connecting', 'connected'])
  })

  it('break nothing when the logger fails', async () => {
    const unhandled: unknown[] = []
    config.onUnhandledError = error => unhandled.push(error) // without it they would end the process
    const broken = () => {
      throw new Error('disk full')
    }
    const logger = { debug: broken, info: broken, warn: broken, error: broken }
    const client = createClient({ nameServers: 'n:1', logger, runtime: { transport: fakeTransport(fakeCluster()) } })
    expect((await client.producer().send(HELLO)).status).toBe('ok')
    await client.close()
    await new Promise(resolve => setTimeout(resolve, 5))
    config.onUnhandledError = null
    expect(unhandled).toEqual([])
  })
})

describe('an eager verb', () => {
  it('may be said again: closing is done once, and everybody gets the same report', async () => {
    const { client } = world()
    const producer = client.producer()
    const consumer = client.consumer(GROUP)
    const reports = await Promise.all([
      producer.close(),
      producer.close(),
      consumer.close(),
      consumer.close(),
      client.close(),
      client.close(),
    ])
    expect(new Set(reports.map(report => JSON.stringify(report)))).toEqual(
      new Set(['{"forced":false,"unsettled":0,"unsent":0,"uncommitted":0}']),
    )
  })

  it('never fails for want of a network', async () => {
    const { client } = unreachable()
    const consumer = client.consumer(GROUP)
    consumer.process$(() => NEVER).subscribe({ error: () => undefined })
    await client.producer().sendOutcome(HELLO)
    await expect(client.close({ drainMs: 10 })).resolves.toMatchObject({ unsent: 0 })
  })
})
