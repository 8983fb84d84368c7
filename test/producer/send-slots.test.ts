import { NEVER, type Observable, Subject, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { notConnected } from '../../src/errors.ts'
import { createSendSlots } from '../../src/producer/send-slots.ts'

describe('a hundred thousand sends', () => {
  const MANY = 100_000

  it('that fail at once, one after the other, cost no stack', () => {
    const slots = createSendSlots({ maxInFlight: 1, maxQueued: MANY, maxQueuedBytes: MANY })
    const failure = notConnected('a:1')
    const told = { failed: 0, other: 0 }
    const first = new Subject<never>()
    const send = (work$: Observable<never>) =>
      slots
        .run$({ bytes: 1, work$: () => work$, onLeft: () => undefined, onAbandoned: () => undefined })
        .subscribe({ error: (error: unknown) => void (error === failure ? told.failed++ : told.other++) })
    send(first)
    for (let i = 1; i < MANY; i++) send(throwError(() => failure))
    first.error(failure)
    expect([told, slots.pending()]).toEqual([{ failed: MANY, other: 0 }, 0])
  })

  it('that are taken back while they wait leave nothing behind', () => {
    const slots = createSendSlots({ maxInFlight: 1, maxQueued: 10, maxQueuedBytes: MANY })
    const begun: number[] = []
    const send = (i: number) =>
      slots
        .run$({
          bytes: 1,
          work$: () => {
            begun.push(i)
            return NEVER
          },
          onLeft: () => undefined,
          onAbandoned: () => undefined,
        })
        .subscribe()
    const first = send(0)
    for (let i = 1; i < MANY; i++) send(i).unsubscribe()
    send(MANY)
    first.unsubscribe()
    expect([begun, slots.pending()]).toEqual([[0, MANY], 1])
  })
})
