import { asyncScheduler, EMPTY, from, lastValueFrom, Observable, toArray } from 'rxjs'
import type { ObservableInput, Observer } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { createBatchWork } from '../../src/consumer/handling/batch-work.ts'
import { QueueDelivery } from '../../src/consumer/queues/delivery.ts'
import type { Settler } from '../../src/consumer/queues/delivery.ts'
import { createWork } from '../../src/consumer/handling/work.ts'
import type { WorkContext } from '../../src/consumer/handling/work.ts'
import type { Inbound } from '../../src/messages/message.ts'
import { aQueue, aStored } from '../support/builders.ts'
import { unhandledErrors } from '../support/unhandled-errors.ts'

unhandledErrors()

type Told = 'next' | 'error' | 'complete'
/** How streams are made that do not keep to the contract. */
type Made = (tell: (observer: Partial<Observer<unknown>>) => void) => ObservableInput<unknown>

const WAYS: Readonly<Record<string, Made>> = {
  'an Observable made by hand': tell => new Observable(tell),
  'an Observable with a `subscribe` of its own': tell => Object.assign(new Observable(), { subscribe: tell }),
  'the Observable of another library': tell => {
    const foreign = { subscribe: tell, '@@observable': () => foreign, [observableSymbol()]: () => foreign }
    return foreign as never
  },
}
function observableSymbol(): symbol | string {
  return (Symbol as unknown as { readonly observable?: symbol }).observable ?? '@@observable'
}

/** A message and whoever settles it, each time it is told to. */
const worked = () => {
  const settled: string[] = []
  const failures: unknown[] = []
  const settler: Settler = {
    queue: aQueue(),
    maxAttempts: 16,
    acked: () => void settled.push('acked'),
    sendBack: () => void settled.push('sent back'),
    released: () => void settled.push('released'),
    read: () => ({}) as Inbound,
    extend$: () => EMPTY,
  }
  const context: WorkContext = {
    policy: () => 'retry-later',
    maxAttempts: 16,
    timeoutMs: undefined,
    onDecodeError: 'dead-letter',
    onFailure: (_, error) => failures.push(error),
    onProcessed: ({ settlement }) => settled.push(`told ${settlement}`),
    onStop: error => failures.push(error),
    onCut: () => settled.push('cut'),
    scheduler: asyncScheduler,
  }
  const delivery = new QueueDelivery(aStored({ offset: 7 }), 't', settler)
  return { settled, failures, context, delivery }
}
type Worked = ReturnType<typeof worked>
type Work = (result: ObservableInput<unknown>, on: Worked) => ObservableInput<unknown>
const WORKS: Readonly<Record<string, Work>> = {
  'of one message': (result, { context, delivery }) => createWork(() => result, context)(delivery),
  'of a batch': (result, { context, delivery }) => createBatchWork(() => result, context)([delivery]),
}

const ENDINGS: readonly (readonly [told: readonly Told[], settled: 'acked' | 'sent back'])[] = [
  [['complete', 'complete'], 'acked'],
  [['complete', 'error'], 'acked'],
  [['complete', 'next', 'complete'], 'acked'],
  [['next', 'complete', 'next', 'error', 'complete'], 'acked'],
  [['error', 'error'], 'sent back'],
  [['error', 'complete'], 'sent back'],
  [['next', 'error', 'next', 'complete', 'error'], 'sent back'],
]
const SETTLEMENTS = { acked: 'acked', 'sent back': 'retry-scheduled' } as const

describe.each(Object.entries(WORKS))('a handler %s', (_, work) => {
  describe.each(Object.entries(WAYS))('that returns %s', (_name, made) => {
    it.each(ENDINGS)('which tells %j settles its delivery once, as it ended first: %s', async (all, first) => {
      for (const pause of [() => undefined, () => Promise.resolve(), () => new Promise(setImmediate)]) {
        const one = worked()
        let isOver = false
        const tell = async (observer: Partial<Observer<unknown>>): Promise<void> => {
          for (const told of all) {
            const later = pause()
            if (later !== undefined) await later
            if (told === 'complete') observer.complete?.()
            else observer[told]?.(new Error('told'))
          }
          isOver = true
        }
        const running$ = from(
          work(
            made(observer => void tell(observer)),
            one,
          ),
        )
        expect(await lastValueFrom(running$.pipe(toArray()))).toHaveLength(1)
        await expect.poll(() => isOver).toBe(true)
        expect(one.settled).toEqual([first, `told ${SETTLEMENTS[first]}`])
        expect(one.failures).toHaveLength(first === 'acked' ? 0 : 1)
      }
    })

    it('whose `subscribe` throws is a failure of that delivery alone; what it throws after its end is none', async () => {
      const thrown = new Error('thrown by subscribe')
      const failing = worked()
      const fails$ = work(
        made(() => {
          throw thrown
        }),
        failing,
      )
      expect(await lastValueFrom(from(fails$).pipe(toArray()))).toHaveLength(1)
      expect([failing.settled, failing.failures]).toEqual([['sent back', 'told retry-scheduled'], [thrown]])

      const ended = worked()
      const ends$ = work(
        made(observer => {
          observer.complete?.()
          throw thrown
        }),
        ended,
      )
      expect(await lastValueFrom(from(ends$).pipe(toArray()))).toHaveLength(1)
      expect([ended.settled, ended.failures]).toEqual([['acked', 'told acked'], []])
    })
  })
})
