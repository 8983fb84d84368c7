import fc from 'fast-check'
import Long from 'long'
import { describe, expect, it } from 'vitest'
import { QueueDelivery } from '../../src/consumer/queues/delivery.ts'
import type { Settler } from '../../src/consumer/queues/delivery.ts'
import { createPolledPages } from '../../src/consumer/pull/polled-pages.ts'
import { decodeFailed } from '../../src/errors.ts'
import type { Inbound } from '../../src/messages/message.ts'
import { aQueue, aStored } from '../support/builders.ts'

/** `readable`: has a body that can be read; `gone`: its queue goes away before it is asked for. */
type Kind = 'readable' | 'unreadable' | 'gone'

const settlerOf = (acked: number[]): Settler => ({
  queue: aQueue(),
  maxAttempts: 16,
  acked: ({ offset }) => void acked.push(offset.toNumber()),
  sendBack: () => undefined,
  released: () => undefined,
  read: ({ offset, stored }) => {
    if (stored.storedBody.toString() === 'unreadable') throw decodeFailed(`offset ${offset.toString()}`, {})
    return { queueOffset: offset } as unknown as Inbound
  },
  extend$: () => {
    throw new Error('nothing is extended')
  },
})
/** Deliveries of these kinds, the first one at `from`. */
const pageOf = (kinds: readonly Kind[], from: number, settler: Settler) =>
  kinds.map((body, i) => new QueueDelivery(aStored({ offset: from + i, body }), 't', settler))

/** What is handed out until nothing is there: offsets page by page, `!` for a message that cannot be read. */
const handedOut = (pages: ReturnType<typeof createPolledPages>): string[] => {
  const out: string[] = []
  for (;;) {
    try {
      const messages = pages.take()
      if (messages === undefined) return out
      out.push(messages.map(({ queueOffset }) => Long.fromValue(queueOffset).toNumber()).join(' '))
    } catch {
      out.push('!')
    }
  }
}
const drawn = (...all: readonly (readonly Kind[])[]) => {
  const acked: number[] = []
  const settler = settlerOf(acked)
  const pages = createPolledPages()
  let from = 0
  for (const kinds of all) {
    const page = pageOf(kinds, from, settler)
    from += kinds.length
    pages.add(page)
    for (const [i, delivery] of page.entries()) if (kinds[i] === 'gone') delivery.release()
  }
  return { pages, acked }
}

describe('what was pulled and not polled', () => {
  it.each<[string, Kind[][], string[]]>([
    ['page by page, the oldest first', [['readable', 'readable'], ['readable']], ['0 1', '2']],
    ['in parts around what cannot be read', [['readable', 'unreadable', 'readable']], ['0', '!', '2']],
    ['with an error for each that cannot be read', [['unreadable', 'unreadable']], ['!', '!']],
    [
      'without what went away',
      [
        ['gone', 'gone'],
        ['readable', 'gone'],
      ],
      ['2'],
    ],
  ])('is handed out %s', (_, all, expected) => {
    expect(handedOut(drawn(...all).pages)).toEqual(expected)
  })

  it('is nothing at first', () => {
    expect(drawn().pages.take()).toBeUndefined()
  })

  it('is forgotten when it went away, and not only when a poll comes by: nobody may ask for long', () => {
    const pages = createPolledPages()
    const stale = pageOf(['readable', 'readable'], 0, settlerOf([]))
    let looks = 0
    pages.add(
      new Proxy(stale, {
        get: (page, name) => {
          looks++
          return Reflect.get(page, name) as unknown
        },
      }),
    )
    for (const delivery of stale) delivery.release()
    pages.add(pageOf(['readable'], 2, settlerOf([])))
    expect(looks).toBeGreaterThan(0)
    looks = 0
    pages.add(pageOf(['readable'], 3, settlerOf([])))
    expect(handedOut(pages)).toEqual(['2', '3'])
    expect(looks).toBe(0) // it is not there any more
  })

  it('counts as handed out with its page, not before', () => {
    const { pages, acked } = drawn(['readable', 'readable'], ['readable'])
    pages.take()
    expect(acked).toEqual([0, 1])
    pages.take()
    expect(acked).toEqual([0, 1, 2])
  })

  it('is handed out once each, in order, whatever of it cannot be read or went away', () => {
    const kind = fc.constantFrom<Kind[]>('readable', 'unreadable', 'gone')
    fc.assert(
      fc.property(fc.array(fc.array(kind, { minLength: 1, maxLength: 6 }), { maxLength: 6 }), all => {
        const { pages, acked } = drawn(...all)
        const out = handedOut(pages).flatMap(text => text.split(' '))
        const wanted = all.flat().flatMap((each, offset) => (each === 'gone' ? [] : [{ each, offset }]))
        expect(out).toEqual(wanted.map(({ each, offset }) => (each === 'unreadable' ? '!' : String(offset))))
        expect(acked).toEqual(wanted.map(({ offset }) => offset))
      }),
    )
  })
})
