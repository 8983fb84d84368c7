import { Observable, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { iterate } from '../../src/consumer/handling/iterate.ts'

/** A stream by hand; `events` tells what was asked of it. */
const byHand = (isThere: (item: number) => boolean = () => true) => {
  const items = new Subject<number>()
  const events: string[] = []
  const iterator = iterate<number>(until$ => {
    return new Observable(subscriber => {
      events.push('begun')
      const wishes = until$.subscribe(() => events.push('wish'))
      const inner = items.subscribe(subscriber)
      return () => {
        wishes.unsubscribe()
        inner.unsubscribe()
      }
    })
  }, isThere)
  return { items, events, iterator }
}
const OVER = { done: true, value: undefined }
const value = (item: number) => ({ done: false, value: item })

describe('a stream for `for await`', () => {
  it('begins with the first item that is asked for, once', async () => {
    const { items, events, iterator } = byHand()
    expect([events, iterator[Symbol.asyncIterator]()]).toEqual([[], iterator])
    const asked = [iterator.next(), iterator.next()]
    expect(events).toEqual(['begun'])
    items.next(1)
    items.next(2)
    expect(await Promise.all(asked)).toEqual([value(1), value(2)])
  })

  it('keeps what comes before it is asked for, in order, without what is not there any more', async () => {
    const { items, iterator } = byHand(item => item !== 2)
    const first = iterator.next()
    for (const item of [1, 2, 3]) items.next(item)
    expect([await first, await iterator.next()]).toEqual([value(1), value(3)])
  })

  it('is over with the stream, for all who wait and for ever', async () => {
    const { items, iterator } = byHand()
    const asked = [iterator.next(), iterator.next()]
    items.complete()
    expect(await Promise.all([...asked, iterator.next()])).toEqual([OVER, OVER, OVER])
  })

  it('tells an error once: to who waits, to who asks next, or to who leaves', async () => {
    const waiting = byHand()
    const asked = waiting.iterator.next()
    waiting.items.error(new Error('lost'))
    await expect(asked).rejects.toThrow('lost')
    expect(await waiting.iterator.next()).toEqual(OVER)

    const asking = byHand()
    const first = asking.iterator.next()
    asking.items.next(1)
    asking.items.error(new Error('lost'))
    expect(await first).toEqual(value(1))
    await expect(asking.iterator.next()).rejects.toThrow('lost')
    expect(await asking.iterator.return?.()).toEqual(OVER)

    const leaving = byHand()
    void leaving.iterator.next()
    leaving.items.next(1)
    leaving.items.error(new Error('lost'))
    await expect(leaving.iterator.return?.()).rejects.toThrow('lost')
  })

  it('is left by a wish, and waits for the end; what came and was not asked for is not handed out', async () => {
    const { items, events, iterator } = byHand()
    void iterator.next()
    items.next(1)
    items.next(2)
    let isOut = false
    const left = iterator.return?.().then(result => {
      isOut = true
      return result
    })
    const late = iterator.next()
    items.next(3)
    await Promise.resolve()
    expect([events, isOut]).toEqual([['begun', 'wish'], false])
    items.complete()
    expect([await left, await late]).toEqual([OVER, OVER])
  })

  it('that was not begun is left at once, and does not begin any more', async () => {
    const { events, iterator } = byHand()
    expect([await iterator.return?.(), await iterator.next(), events]).toEqual([OVER, OVER, []])
  })

  it('that is thrown into leaves as well, and throws that', async () => {
    const { items, events, iterator } = byHand()
    void iterator.next()
    const thrown = iterator.throw?.(new Error('out of stock'))
    items.complete()
    await expect(thrown).rejects.toThrow('out of stock')
    expect(events).toEqual(['begun', 'wish'])
  })
})
