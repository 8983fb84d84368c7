import { describe, expect, it } from 'vitest'
import { createClient, on, topic, type MessageFilter } from '../../src/index.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { answers, fakeCluster } from '../../test/support/fake-cluster.ts'
import { fakeTransport } from '../../test/support/fake-transport.ts'
import { errorsAsValues, marbles, type Marbles } from '../marbles.ts'

const CHECK = REQUESTS.CHECK_CLIENT_CONFIG.code
const HEARTBEAT = REQUESTS.HEART_BEAT.code
const PULL = REQUESTS.PULL_MESSAGE.code

/** A consumer whose broker answers the question about its filter as drawn: `y` it is fine, `n` it cannot be read. */
const drawJoining = (m: Marbles, check: string, filter: MessageFilter) => {
  const verdicts = { y: answers(0), n: answers(23) }
  const transport = fakeTransport(fakeCluster({ instead: { [CHECK]: () => m.cold(check, verdicts) } }))
  const client = createClient({ nameServers: 'n:1', clientId: 'me', logger: false, runtime: { transport } })
  const consumer = client.consumer({ group: 'g', subscribe: [on(topic('t'), filter)], startFrom: 'first' })
  const firstAt = (code: number) => transport.sent(code)[0]?.at
  return {
    processed$: consumer.process$(() => undefined).pipe(errorsAsValues()),
    checkedAt: () => firstAt(CHECK),
    announcedAt: () => firstAt(HEARTBEAT),
    pullTypes: () =>
      new Set(transport.sent(PULL).map(({ frame: { fields } }) => `${fields['topic']} ${fields['expressionType']}`)),
  }
}

describe('a consumer by SQL', () => {
  it(
    'joins when a broker has confirmed its filter, and its pulls say of what kind it is',
    marbles(m => {
      const drawn = drawJoining(m, '---y', { sql: 'a > 3' })
      m.expect(drawn.processed$, '^-------------!').toBeObservable('--')
      m.flush()
      const [checkedAt = NaN, announcedAt = NaN] = [drawn.checkedAt(), drawn.announcedAt()]
      expect(announcedAt - checkedAt).toBeGreaterThanOrEqual(3)
      expect(drawn.pullTypes()).toEqual(new Set(['t SQL92', '%RETRY%g TAG']))
    }),
  )

  it(
    'fails when a broker refuses its filter, and was never a member',
    marbles(m => {
      const drawn = drawJoining(m, '---n', { sql: 'a >' })
      m.expect(drawn.processed$, '^-------------!').toBeObservable('---(i|)', { i: 'ERR_RMQ_ILLEGAL no' })
      m.flush()
      expect([drawn.announcedAt(), drawn.pullTypes()]).toEqual([undefined, new Set()])
    }),
  )

  it(
    'by tags asks nobody',
    marbles(m => {
      const drawn = drawJoining(m, '---y', { tags: 'a' })
      m.expect(drawn.processed$, '^-------------!').toBeObservable('--')
      m.flush()
      expect([drawn.checkedAt(), drawn.pullTypes()]).toEqual([undefined, new Set(['t TAG', '%RETRY%g TAG'])])
    }),
  )
})
