import { NEVER } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { GROUP, HELLO, transactional, unreachable, world } from './world.ts'

describe('an eager verb', () => {
  it('may be said again: closing is done once, and everybody gets the same report', async () => {
    const { client } = world()
    const producer = client.producer()
    const consumer = client.consumer(GROUP)
    const transactions = transactional(client)
    const reports = await Promise.all([
      transactions.close(),
      transactions.close(),
      producer.close(),
      producer.close(),
      consumer.close(),
      consumer.close(),
      client.close(),
      client.close(),
    ])
    expect(new Set(reports.map(report => JSON.stringify(report)))).toEqual(
      new Set(['{"forced":false,"unsettled":0,"unsent":0,"inFlight":0,"uncommitted":0}']),
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
