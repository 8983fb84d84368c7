import Long from 'long'
import { of } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { encodeBatchBody } from '../../src/protocol/messages/client-batch.ts'
import { MESSAGE_FLAG } from '../../src/protocol/sys-flags.ts'
import { aStored } from '../../test/support/builders.ts'
import { marbles } from '../marbles.ts'
import { drawQueue, pulled } from './held-queue-drawn.ts'

const sysFlag = MESSAGE_FLAG.NEED_UNWRAP | MESSAGE_FLAG.INNER_BATCH
const batchAt = (offset: number, ...tags: string[]) => {
  const members = tags.map(tag => ({ flag: 0, body: Buffer.from(tag), properties: { TAGS: tag } }))
  return aStored({ offset, sysFlag, storedBody: encodeBatchBody(members) })
}
const page = (next: number, ...messages: ReturnType<typeof aStored>[]) =>
  pulled([], next, { status: 'FOUND', messages })

describe('a record that is a batch inside', () => {
  it(
    'is handed out as its members, each filtered and committed for itself',
    marbles(m => {
      const { run$, delivery, queue } = drawQueue(m, {
        accepts: ({ properties }) => properties.TAGS !== 'b',
        pulls: [['-(p|)', { p: page(4, batchAt(0, 'a', 'b', 'c'), aStored({ offset: 3 })) }]],
      })
      m.expect(run$()).toBeObservable('-p', { p: '0,2,3' })
      m.flush()
      expect(delivery(2).stored.storedBody.toString()).toBe('c')
      delivery(0).ack()
      expect(queue.progress()).toMatchObject({ commitPoint: Long.fromNumber(2), unsettled: 2 })
    }),
  )

  it(
    'that begins before what was asked for gives only what comes from there on',
    marbles(m => {
      const startPosition$ = () => of({ offset: Long.fromNumber(6), reason: 'committed' as const })
      const { run$ } = drawQueue(m, { startPosition$, pulls: [['-(p|)', { p: page(8, batchAt(5, 'a', 'b', 'c')) }]] })
      m.expect(run$()).toBeObservable('-p', { p: '6,7' })
    }),
  )

  it(
    'that cannot be taken apart ends the page before it: nothing is skipped, and it is told',
    marbles(m => {
      const damaged = aStored({ offset: 1, sysFlag, storedBody: Buffer.from('no batch at all') })
      const { run$, log, events } = drawQueue(m, {
        pulls: [['-(p|)', { p: page(9, aStored({ offset: 0 }), damaged) }]],
      })
      m.expect(run$()).toBeObservable('-p', { p: '0' })
      m.flush()
      expect(log).toEqual(['pull 4 from 0 at 0', 'pull 4 from 1 at 1'])
      expect(events).toMatchObject([{ type: 'start-position' }, { type: 'consumer-failure', where: 'decode' }])
    }),
  )
})
