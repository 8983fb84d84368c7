import { firstValueFrom, NEVER, take } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { GROUP, world } from './world.ts'

const NOTHING_LEFT = { forced: false, unsettled: 0, unsent: 0, inFlight: 0, uncommitted: 0 }

describe('an operation of a consumer has a door that acts at once', () => {
  it('seek: tells where it goes on, and is refused as seek$ is', async () => {
    const consumer = world().client.consumer(GROUP)
    await expect(consumer.seek('first')).rejects.toMatchObject({ code: 'ERR_RMQ_ILLEGAL' })
    consumer.process$(() => NEVER).subscribe({ error: () => undefined })
    await firstValueFrom(consumer.lag$().pipe(take(1)))
    await expect(consumer.seek('first', [{ topic: 'other', brokerName: 'a', queueId: 0 }])).rejects.toMatchObject({
      message: 'queue other@a:0 is not held by this consumer',
    })
    await expect(consumer.seek('first', [])).resolves.toEqual([])
  })

  it('commit and drain: are over when that is done, also when nothing runs', async () => {
    const consumer = world().client.consumer(GROUP)
    await expect(consumer.commit()).resolves.toBe(undefined)
    await expect(consumer.drain()).resolves.toEqual(NOTHING_LEFT)
    const ended = new Promise<void>(resolve => {
      consumer.process$(() => undefined).subscribe({ complete: resolve })
    })
    await new Promise(resolve => setTimeout(resolve, 5))
    await expect(consumer.commit()).resolves.toBe(undefined)
    await expect(consumer.drain({ timeoutMs: 50 })).resolves.toEqual(NOTHING_LEFT)
    await ended
  })

  it('and begins without being waited for', async () => {
    const consumer = world().client.consumer(GROUP)
    const ended = new Promise<void>(resolve => {
      consumer.process$(() => undefined).subscribe({ complete: resolve })
    })
    void consumer.drain()
    await ended
  })
})
