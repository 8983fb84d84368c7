import {
  delay,
  EMPTY,
  firstValueFrom,
  from,
  lastValueFrom,
  map,
  NEVER,
  of,
  startWith,
  Subject,
  switchMap,
  throwError,
} from 'rxjs'
import type { ObservableInput } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { message, topic, withClient, type Client, type ClientConfig } from '../../src/index.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { fakeCluster, storedAnswer } from '../support/fake-cluster.ts'
import { fakeTransport } from '../support/fake-transport.ts'

const SEND = REQUESTS.SEND_MESSAGE_V2.code

/** What happens in order: what is emitted, and when the client is closed. */
const using = <T>(use: (client: Client) => ObservableInput<T>, more: Partial<ClientConfig> = {}) => {
  const log: string[] = []
  const transport = fakeTransport(fakeCluster({ instead: { [SEND]: () => of(storedAnswer()).pipe(delay(5)) } }))
  let used: Client | undefined
  const config: ClientConfig = { nameServers: 'n:1', logger: false, runtime: { transport }, ...more }
  const out$ = withClient(config, client => {
    used = client
    client.closed$.subscribe(({ unsent }) => log.push(unsent === 0 ? 'closed' : `closed, ${unsent} unsent`))
    return use(client)
  })
  const run = (): Promise<void> =>
    new Promise(resolve => {
      out$.subscribe({
        next: value => log.push(String(value)),
        error: (error: unknown) => {
          log.push(error instanceof Error ? `failed: ${error.message}` : String(error))
          resolve()
        },
        complete: () => {
          log.push('complete')
          resolve()
        },
      })
    })
  return { out$, run, log, transport, client: () => used }
}

const send = (client: Client) =>
  client
    .producer()
    .send$(message(topic('t'), Buffer.from('x')))
    .pipe(map(({ status }) => status))

describe('withClient', () => {
  it('closes the client after the last value, and completes only then', async () => {
    const { run, log, transport } = using(send)
    await run()
    expect(log).toEqual(['ok', 'closed', 'complete'])
    expect(transport.hangUps).toHaveLength(transport.dials.length)
  })

  it('closes the client after a failure, and fails only then', async () => {
    const { run, log } = using(client => send(client).pipe(switchMap(() => throwError(() => new Error('later')))))
    await run()
    expect(log).toEqual(['closed', 'failed: later'])
  })

  it('takes whatever rxjs takes: a promise, an array, nothing', async () => {
    const promised = using(client => firstValueFrom(send(client)))
    const listed = using(() => [1, 2])
    const empty = using(() => EMPTY)
    await Promise.all([promised.run(), listed.run(), empty.run()])
    expect(promised.log).toEqual(['ok', 'closed', 'complete'])
    expect(listed.log).toEqual(['1', '2', 'closed', 'complete'])
    expect(empty.log).toEqual(['closed', 'complete'])
  })

  it('awaits what was begun and not awaited, before it closes', async () => {
    const { run, log, transport } = using(client => {
      send(client).subscribe()
      return of('done').pipe(delay(1))
    })
    await run()
    expect(log).toEqual(['done', 'closed', 'complete'])
    expect(transport.sent(SEND)).toHaveLength(1)
  })

  it('closes the client in the background when it is unsubscribed', async () => {
    const opened = new Subject<void>()
    const { out$, log, client } = using(one => one.ready$().pipe(switchMap(() => NEVER.pipe(startWith('ready')))))
    const subscription = out$.subscribe(() => opened.next())
    await firstValueFrom(opened)
    subscription.unsubscribe()
    await firstValueFrom(client()!.closed$)
    expect(log).toEqual(['closed'])
  })

  it('makes a client of its own for each subscription', async () => {
    const { out$, transport } = using(send)
    await Promise.all([lastValueFrom(out$), lastValueFrom(out$)])
    expect(transport.dials).toHaveLength(4)
  })

  it('makes none before it is subscribed', () => {
    const { client } = using(send)
    expect(client()).toBeUndefined()
  })

  it('fails at once with a bad configuration', async () => {
    const { run, log } = using(send, { timing: { idleMs: -1 } })
    await run()
    expect(log).toEqual([expect.stringContaining('timing.idleMs is -1')])
  })

  it('closes the client, too, when using it throws before anything is returned', async () => {
    const { run, log } = using(() => {
      throw new Error('a mistake')
    })
    await run()
    expect(log).toEqual(['closed', 'failed: a mistake'])
  })

  it('closes the client after a value that its subscriber did not want any more', async () => {
    const { out$, client } = using(() => from([1, 2, 3]))
    await firstValueFrom(out$)
    await firstValueFrom(client()!.closed$)
  })
})
