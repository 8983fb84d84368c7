import fc from 'fast-check'
import { NEVER, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { createSubscriptionSet, type SubscriptionSet } from '../../src/consumer/subscriptions/subscription-set.ts'
import { codecs } from '../../src/messages/codecs.ts'
import { on } from '../../src/consumer/subscriptions/on.ts'
import { topic, type SubscriptionSpec } from '../../src/messages/topic.ts'

const HOUR_MS = 3_600_000
const orders = topic('orders', codecs.json())
const byTags = on(orders, { tags: 'new || paid' })
const bySql = on(orders, { sql: 'a > 3' })
const notes = on(topic('notes'))

const aSet = (specs: readonly SubscriptionSpec[] = [], closing$ = new Subject<void>()) => {
  let time = 1_700_000_000_000
  const set = createSubscriptionSet(specs, () => time, closing$)
  return { set, closing$, pass: (ms: number) => (time += ms), time: () => time }
}

const names = (set: SubscriptionSet): readonly string[] => set.list().map(({ spec }) => spec.topic.name)
const illegal = (message: string) =>
  expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL', message: expect.stringContaining(message) as string }) as Error

describe('the subscriptions of a consumer', () => {
  it('begin with those it was made with, all of one version', () => {
    const { set, time } = aSet([byTags, notes])
    expect(set.list()).toEqual([
      { spec: byTags, isActive: true, addedAt: time(), changedAt: time() },
      { spec: notes, isActive: true, addedAt: time(), changedAt: time() },
    ])
    expect(set.active()).toEqual([byTags, notes])
    expect(set.version).toBe(time())
  })

  it('are added, found by topic or name, and removed', () => {
    const { set } = aSet()
    expect([set.add(byTags), set.add(notes)]).toEqual([true, true])
    expect(set.get('orders')?.spec).toBe(byTags)
    expect(set.get(orders)?.spec).toBe(byTags)
    expect([set.remove(orders), set.remove('orders'), set.remove('notes')]).toEqual([true, false, true])
    expect([set.list(), set.get('orders')]).toEqual([[], undefined])
  })

  it('are not added twice', () => {
    const { set } = aSet([byTags, notes])
    const { version } = set
    expect([set.add(byTags), set.add(on(topic('notes'), { tags: '' }))]).toEqual([false, false])
    expect(set.version).toBe(version)
    expect(set.conflicts()).toEqual([])
  })

  it('are updated with another filter or another codec, and stay where they were', () => {
    const { set } = aSet([byTags, notes])
    expect(set.update(bySql)).toBe(true)
    expect(set.update(bySql)).toBe(false)
    expect(set.update(on(topic('notes', codecs.text)))).toBe(true)
    expect(names(set)).toEqual(['orders', 'notes'])
    expect(set.get('orders')?.spec).toBe(bySql)
    expect(set.get('notes')?.spec.topic.codec).toBe(codecs.text)
    expect(set.conflicts()).toEqual([])
  })

  it('are remembered while they are not active, and forgotten after a day of that', () => {
    const { set, pass } = aSet([byTags, notes])
    expect([set.deactivate('orders'), set.deactivate(orders)]).toEqual([true, false])
    expect(set.active()).toEqual([notes])
    expect([set.activate(orders), set.activate('orders')]).toEqual([true, false])
    set.deactivate('notes')
    expect(set.add(notes)).toBe(true)
    expect(set.active()).toEqual([byTags, notes])
    set.deactivate(orders)
    pass(23 * HOUR_MS)
    expect([set.removeInactive(), set.removeInactive(24 * HOUR_MS)]).toEqual([0, 0])
    pass(HOUR_MS + 10)
    expect([set.removeInactive(), set.removeInactive()]).toEqual([1, 0])
    expect(names(set)).toEqual(['notes'])
    expect([set.clear(), set.clear()]).toEqual([1, 0])
  })

  it('get a newer version with each change, whatever the clock does', () => {
    const { set, pass } = aSet([notes])
    const changes: readonly (() => unknown)[] = [
      () => set.add(byTags),
      () => set.update(bySql),
      () => pass(-5_000),
      () => set.deactivate('orders'),
      () => set.activate('orders'),
      () => set.remove('orders'),
      () => pass(60_000),
      () => set.clear(),
    ]
    const versions = changes.map(change => (change(), set.version))
    expect(versions.slice(0, 6).map(version => version - (versions[0] ?? 0))).toEqual([0, 1, 1, 2, 3, 4])
    expect(versions[7]).toBe(1_700_000_055_000)
  })

  it.each<[string, (set: SubscriptionSet) => unknown]>([
    ['names no tag', set => set.add({ topic: topic('t'), tags: '||' })],
    ['the sql of topic "t" is empty', set => set.add({ topic: topic('t'), tags: '*', sql: '' })],
    ['contains a space', set => set.add({ topic: topic('a b'), tags: '*' })],
    ['at most 127 characters', set => set.add({ topic: topic('t'.repeat(128)), tags: '*' })],
    ['"TBW102" cannot be subscribed to', set => set.add({ topic: topic('TBW102'), tags: '*' })],
    ['"DEFAULT_TOPIC" cannot be subscribed to', set => set.add({ topic: topic('DEFAULT_TOPIC'), tags: '*' })],
    ['"SYS_x" cannot be subscribed to', set => set.add({ topic: topic('SYS_x'), tags: '*' })],
    ['topic "t" is not subscribed to: add it first', set => set.update(on(topic('t')))],
    ['topic "t" is not subscribed to', set => set.activate('t')],
    ['topic "t" is not subscribed to', set => set.deactivate(topic('t'))],
    ['filtered by tags and by sql', set => set.update({ topic: orders, tags: 'a', sql: 'b = 1' })],
    ['forMs is -1', set => set.removeInactive(-1)],
    ['cannot be imported', set => set.importJson('no json')],
    ['cannot be imported: subscriptions.subscriptions', set => set.importJson('{"subscriptions":7}')],
    [
      'topic "t" stands there twice',
      set => set.importJson(JSON.stringify({ subscriptions: [exported, exported], conflicts: [] })),
    ],
    [
      'that names no tag',
      set => set.importJson(JSON.stringify({ subscriptions: [{ ...exported, tags: '||' }], conflicts: [] })),
    ],
  ])('stay as they are when a change is refused: %s', (message, change) => {
    const { set } = aSet([byTags])
    const before = [set.list(), set.version, set.exportJson()]
    expect(() => change(set)).toThrow(illegal(message))
    expect([set.list(), set.version, set.exportJson()]).toEqual(before)
  })

  it('are at most 1,000', () => {
    const many = Array.from({ length: 1_001 }, (_, n) => on(topic(`t${n}`)))
    expect(() => aSet(many)).toThrow(illegal('at most 1000 subscriptions, not 1001'))
    const { set } = aSet(many.slice(1))
    expect(set.summary()).toMatchObject({ subscriptions: 1_000, limit: 1_000, utilization: 1 })
    expect(() => set.add(notes)).toThrow(illegal('at most 1000'))
    set.remove('t7')
    expect(set.add(notes)).toBe(true)
    const subscriptions = Array.from({ length: 1_001 }, (_, n) => ({ ...exported, topic: `t${n}` }))
    expect(() => {
      set.importJson(JSON.stringify({ subscriptions, conflicts: [] }))
    }).toThrow(illegal('at most 1000'))
  })
})

const exported = { topic: 't', tags: '*', isActive: true, addedAt: 1, changedAt: 1 }

describe('a conflict of subscriptions', () => {
  it.each<[string, SubscriptionSpec, SubscriptionSpec, object]>([
    [
      'other tags',
      byTags,
      on(orders, { tags: 'new' }),
      { kind: 'expression', existing: 'new || paid', refused: 'new' },
    ],
    ['every message', byTags, on(orders), { kind: 'expression', existing: 'new || paid', refused: '*' }],
    ['SQL instead of tags', byTags, bySql, { kind: 'type', existing: 'new || paid', refused: 'a > 3' }],
    ['tags instead of SQL', bySql, on(orders), { kind: 'type', existing: 'a > 3', refused: '*' }],
    ['other SQL', bySql, on(orders, { sql: 'a > 4' }), { kind: 'expression', existing: 'a > 3', refused: 'a > 4' }],
  ])('is to add a topic again with %s: it is refused and kept in the history', (_, first, second, conflict) => {
    const { set, time } = aSet([first])
    const heard: unknown[] = []
    set.conflicts$.subscribe(one => heard.push(one))
    expect(() => set.add(second)).toThrow(illegal('topic "orders" is subscribed to by'))
    expect(set.conflicts()).toEqual([
      { topic: 'orders', at: time(), description: expect.stringContaining('orders') as string, ...conflict },
    ])
    expect(heard).toEqual(set.conflicts())
    expect(set.get('orders')?.spec).toBe(first)
  })

  it('is counted; the newest 100 are kept, and those of the last day are recent', () => {
    const { set, pass } = aSet([byTags])
    for (let n = 0; n < 120; n++) {
      pass(HOUR_MS)
      expect(() => set.add(on(orders, { tags: `t${n}` }))).toThrow(illegal('update it, or remove it first'))
    }
    expect(set.conflicts().map(({ refused }) => refused)).toEqual(Array.from({ length: 100 }, (_, n) => `t${n + 20}`))
    expect(set.summary()).toEqual({
      subscriptions: 1,
      active: 1,
      inactive: 0,
      conflicts: 120,
      recentConflicts: 24,
      limit: 1_000,
      utilization: 0.001,
    })
  })
})

describe('subscriptions that are exported', () => {
  it('are imported elsewhere with their history, and get their codecs from the topics there', () => {
    const { set, pass } = aSet([byTags, notes])
    set.update(bySql)
    set.deactivate('notes')
    expect(() => set.add(byTags)).toThrow()
    const other = aSet([on(orders), on(topic('gone'))])
    pass(HOUR_MS)
    other.set.importJson(set.exportJson())
    expect(other.set.list()).toEqual(set.list())
    expect(other.set.get('orders')?.spec.topic.codec).toBe(orders.codec)
    expect(other.set.conflicts()).toEqual(set.conflicts())
    expect(JSON.parse(set.exportJson())).toMatchObject({ exportedAt: 1_700_003_600_000 })
  })

  it('have raw bodies where nobody knows the topic, and the names that were exported', () => {
    const text = aSet([byTags]).set.exportJson()
    const { set } = aSet()
    set.importJson(text)
    expect(set.get('orders')?.spec.topic).toEqual(topic('orders'))
    set.importJson(text, () => topic('another', codecs.text))
    expect(set.get('orders')?.spec.topic).toEqual(topic('orders', codecs.text))
  })

  it('come back as they were, whatever was done to them', () => {
    const step = fc.record({
      what: fc.constantFrom('add', 'update', 'remove', 'activate', 'deactivate', 'pass'),
      spec: fc
        .tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom({}, { tags: 'x' }, { tags: 'y' }, { sql: 'z > 1' }))
        .map(([name, filter]) => on(topic(name), filter)),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), steps => {
        const { set, pass } = aSet()
        for (const { what, spec } of steps) {
          const { version } = set
          const before = set.list()
          try {
            if (what === 'pass') pass(7)
            else if (what === 'add' || what === 'update') set[what](spec)
            else set[what](spec.topic)
          } catch (error) {
            expect(error).toMatchObject({ code: 'ERR_RMQ_ILLEGAL' })
          }
          expect(set.version > version).toBe(set.list() !== before)
        }
        const copy = createSubscriptionSet([], () => 0, NEVER)
        copy.importJson(set.exportJson())
        expect(copy.list()).toEqual(set.list())
        expect(copy.active()).toEqual(set.active())
      }),
    )
  })
})

describe('who watches subscriptions', () => {
  it('is told all of them at once and after each change, until the client closes', () => {
    const { set, closing$ } = aSet([notes])
    const seen: string[] = []
    set.changes$.subscribe({
      next: all => seen.push(all.map(({ spec }) => spec.topic.name).join(' ')),
      complete: () => seen.push('|'),
    })
    set.add(byTags)
    set.add(byTags)
    set.remove('notes')
    set.clear()
    closing$.next()
    set.add(notes)
    expect(seen).toEqual(['notes', 'notes orders', 'orders', '', '|'])
  })

  it('is told the newest last, also when another one changes them on being told', () => {
    const { set } = aSet([notes])
    set.changes$.subscribe(() => set.remove('orders'))
    const seen: number[] = []
    set.changes$.subscribe(all => seen.push(all.length))
    set.add(byTags)
    expect(seen).toEqual([1, 1]) // of the two there were in between it hears nothing
    expect(names(set)).toEqual(['notes'])
  })
})
