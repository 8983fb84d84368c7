import Long from 'long'
import { describe, expect, it } from 'vitest'
import { explained, explainedAbsence } from '../../src/consumer/queues/explained.ts'
import type { QueueFacts } from '../../src/consumer/queues/explained.ts'
import type { WaitedFor } from '../../src/consumer/queues/waiting-words.ts'
import { aQueue } from '../support/builders.ts'

const at = (offset: number): Long => Long.fromNumber(offset)
const NOTHING: QueueFacts = {
  now: 100_000,
  phase: 'reading',
  locked: true,
  paused: false,
  atMostOnce: false,
  autoCommit: true,
  full: undefined,
  commitPoint: at(5),
  committed: at(5),
  maxOffset: at(5),
  waitsFor: undefined,
  unsettled: 0,
  starting: undefined,
  pulling: undefined,
  committing: undefined,
}
const delivery: WaitedFor = { offset: at(5), attempt: 1, state: 'waiting', startedAt: undefined, trouble: undefined }
const waitsFor = (more: Partial<WaitedFor> = {}): WaitedFor => ({ ...delivery, ...more })
const trouble = { error: new Error('no luck'), since: 90_000 }
const full = { limit: 'span', most: 2_000, taken: 2_001 } as const

describe('a queue stands where it stands', () => {
  it.each<[string, Partial<QueueFacts>, string, string]>([
    ['all is done', {}, 'caught-up', 't@a:0 stands at 5, 0 behind: nothing to do: all that is there is settled'],
    ['it has just begun', { maxOffset: undefined }, 'behind', 't@a:0 stands at 5: its first pull is on the way'],
    ['messages wait at the broker', { maxOffset: at(9) }, 'behind', 't@a:0 stands at 5, 4 behind: it reads on'],
    ['nobody reads it', { phase: 'unread', commitPoint: undefined }, 'not-read', 'nobody subscribes to its messages$'],
    [
      'it begins nowhere yet',
      { commitPoint: undefined, maxOffset: undefined },
      'start',
      't@a:0: waits to learn where to begin',
    ],
    [
      'nobody says where it begins',
      { commitPoint: undefined, starting: trouble },
      'start',
      'waits to learn where to begin, which fails for 10 s: no luck',
    ],
    ['another has the lock', { locked: false }, 'lock', 'its lock is not ours: another member has it'],
    [
      'it was revoked',
      { phase: 'leaving', waitsFor: waitsFor() },
      'leaving delivery',
      'what is in hand is awaited; of',
    ],
    ['nobody has begun', { waitsFor: waitsFor() }, 'delivery', 'offset 5 (attempt 1) is not settled: nobody has begun'],
    [
      'a handler is at work',
      { waitsFor: waitsFor({ state: 'at-work', startedAt: 99_500 }) },
      'delivery',
      'offset 5 (attempt 1) is not settled: it is in hand for 500 ms',
    ],
    [
      'it is tried again in place',
      { waitsFor: waitsFor({ state: 'again', attempt: 7, trouble }) },
      'delivery',
      'offset 5 (attempt 7) is not settled: it is tried again in place and fails for 10 s: no luck',
    ],
    [
      'a broker is asked to take it back',
      { waitsFor: waitsFor({ state: 'sending-back' }) },
      'delivery',
      'offset 5 (attempt 1) is not settled: a broker shall take it back',
    ],
    [
      'a broker does not take it back',
      { waitsFor: waitsFor({ state: 'sending-back', trouble }) },
      'delivery',
      'a broker shall take it back and fails for 10 s: no luck',
    ],
    ['it was released', { waitsFor: waitsFor({ state: 'released' }) }, 'delivery', 'it was released, and comes again'],
    ['a user wants it to rest', { paused: true, full }, 'paused', 'paused by pause(): nothing more is pulled'],
    [
      'a limit is reached',
      { waitsFor: waitsFor(), full },
      'delivery limit',
      'nobody has begun with it; no room to pull more: flow.span is 2000, 2001 are taken',
    ],
    ['pulls fail', { pulling: trouble }, 'pull', 'pulls fail for 10 s: no luck'],
    ['a commit is due', { committed: at(3) }, 'caught-up commit', 'its broker knows of 3, until the next commit'],
    [
      'nobody committed',
      { committed: at(3), autoCommit: false },
      'caught-up commit',
      'its broker knows of 3, until the application commits',
    ],
    ['no commit was made', { committed: undefined }, 'caught-up commit', 'its broker knows of no progress, until'],
    ['commits fail', { committed: at(3), committing: trouble }, 'caught-up commit', 'commits fail for 10 s: no luck'],
    [
      'progress is ahead of what is in hand',
      { atMostOnce: true, unsettled: 3 },
      'lead',
      'progress is committed before messages are handed out: 3 of them are in hand',
    ],
    ['all of at most once is done', { atMostOnce: true }, 'caught-up', 'nothing to do'],
  ])('because %s', (_, facts, kinds, words) => {
    const { reasons, sentence } = explained(aQueue(), { ...NOTHING, ...facts })
    expect(reasons.map(({ kind }) => kind).join(' ')).toBe(kinds)
    expect(sentence).toContain(words)
    for (const reason of reasons) expect(sentence).toContain(reason.sentence)
  })

  it('with the facts that programs want to have', () => {
    const { queue, commitPoint, committed, lag, reasons } = explained(aQueue(), {
      ...NOTHING,
      maxOffset: at(12),
      waitsFor: delivery,
      full,
      pulling: trouble,
      committing: trouble,
    })
    expect([queue, commitPoint, committed, lag]).toEqual([aQueue(), at(5), at(5), 7])
    expect(reasons).toMatchObject([{ delivery }, full, trouble])
  })

  it('and a popped queue stands nowhere: its broker keeps progress', () => {
    const { lag, reasons, sentence } = explained(aQueue(), undefined)
    expect([lag, reasons[0]?.kind, sentence]).toEqual([
      undefined,
      'popped',
      't@a:0: its broker keeps progress, message by message',
    ])
  })

  it.each([
    ['not-consuming', 'none of its streams is subscribed to'],
    ['not-subscribed', 'it does not subscribe to the topic'],
    ['not-chosen', 'it is not among those that assign names'],
    ['not-shared-out', 'it was not shared out to this one; which other has it, brokers do not tell a member'],
  ] as const)('or is not held: %s', (why, words) => {
    const { reasons, sentence, lag } = explainedAbsence(aQueue(), { why, group: 'g' })
    expect([lag, reasons]).toMatchObject([undefined, [{ kind: 'not-held', why }]])
    expect(sentence).toContain(`not held by this member of group "g": ${words}`)
  })
})
