import { config, endWith, ignoreElements, lastValueFrom, type Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { createClient } from '../../src/index.ts'
import { fakeCluster } from '../support/fake-cluster.ts'
import { fakeTransport } from '../support/fake-transport.ts'
import { GROUP, HELLO, transactional, world } from './world.ts'

describe('events', () => {
  it('are not told again to who comes later', async () => {
    const { client } = world()
    await client.ready()
    const heard: unknown[] = []
    client.events$.subscribe(event => heard.push(event))
    client.consumer(GROUP).failures$.subscribe(event => heard.push(event))
    transactional(client).checks$.subscribe(event => heard.push(event))
    expect(heard).toEqual([])
  })

  it('end with the client', async () => {
    const { client } = world()
    const failures$ = client.consumer(GROUP).failures$
    const { checks$, transactions$ } = transactional(client)
    const all: readonly Observable<unknown>[] = [client.events$, failures$, checks$, transactions$]
    const over = Promise.all(all.map(events$ => lastValueFrom(events$.pipe(ignoreElements(), endWith('over')))))
    await client.close()
    expect(await over).toEqual(['over', 'over', 'over', 'over'])
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
