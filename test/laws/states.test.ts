/** The laws that every state of the public API obeys. */
import {
  count,
  endWith,
  firstValueFrom,
  ignoreElements,
  lastValueFrom,
  map,
  timer,
  toArray,
  type Observable,
} from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { Client } from '../../src/index.ts'
import { GROUP, HELLO, transactional, unreachable, world } from './world.ts'

describe('a state', () => {
  const STATES: Readonly<Record<string, (client: Client) => Observable<unknown>>> = {
    state$: client => client.state$,
    connections$: client => client.connections$,
    health$: client => client.health$.pipe(map(table => [...table])),
    pressure$: client => client.producer().pressure$,
    transactionStats$: client => transactional(client).transactionStats$,
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
