import { asyncScheduler, defer, of, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { checkedByBroker$ } from '../../src/consumer/subscriptions/check-subscriptions.ts'
import { on } from '../../src/consumer/subscriptions/on.ts'
import { createSubscriptions } from '../../src/consumer/subscriptions/subscriptions.ts'
import { notConnected, requestTimeout, RocketError } from '../../src/errors.ts'
import { topic } from '../../src/messages/topic.ts'
import { nextRoute, unknownRoute, type RouteState } from '../../src/nameserver/route-state.ts'
import type { ClientCheck } from '../../src/protocol/bodies/bodies.ts'
import { aRoute } from '../../test/support/builders.ts'
import { errorsAsValues, marbles, type Marbles } from '../marbles.ts'

const known = (name: string, brokers: Readonly<Record<string, string>>): RouteState =>
  nextRoute(1_000)(unknownRoute(name), { ok: true, value: aRoute(brokers), at: 0 })
const missing = (name: string): RouteState => ({ ...unknownRoute(name), status: 'missing' })

const BOTH = { a: 'a:1', b: 'b:1' }
const sql = on(topic('t'), { sql: 'x > 3' })

interface Drawn {
  readonly subscribe?: Parameters<typeof createSubscriptions>[0]['subscriptions']
  readonly routes?: readonly RouteState[]
  readonly error?: unknown
  readonly chance?: number
  readonly onFailure?: (error: unknown) => void
}

const refused = (responseCode: number, remark: string) =>
  new RocketError('ERR_RMQ_BROKER', 'refused', { responseCode, remark, endpoint: 'a:1' })

/** Answers of brokers in the order they are asked: `y` it may, `#` the given error. */
const drawn = (m: Marbles, answers: readonly string[], options: Drawn = {}) => {
  const { subscribe = [sql], routes = [known('t', BOTH)], error = notConnected('a:1') } = options
  const { chance = 0, onFailure = () => undefined } = options
  const asked: string[] = []
  const check$ = (endpoint: string, { subscription }: ClientCheck) =>
    defer(() => {
      const drawing = answers[asked.length] ?? '#'
      asked.push(`${endpoint} ${subscription?.topic ?? ''} at ${asyncScheduler.now()}`)
      return m.cold(drawing.replace('y', '(y|)'), { y: undefined }, error)
    })
  // as much of a client as it takes
  const shared = {
    clientId: 'me',
    broker: { membership: { check$ } },
    runtime: { random: () => chance },
    timing: { requestTimeoutMs: 30 },
  } as unknown as Parameters<typeof checkedByBroker$>[0]
  const subscriptions = createSubscriptions(
    { group: 'g', subscriptions: subscribe, model: 'clustering', acknowledge: 'offset', startFrom: 'last' },
    1,
  )
  const checked$ = checkedByBroker$(shared, 'g', subscriptions, of(routes))
  return { asked, checked$: checked$.pipe(tap({ error: onFailure }), errorsAsValues()) }
}

const SAID = { i: 'ERR_RMQ_ILLEGAL no', b: 'ERR_RMQ_BROKER no', c: 'ERR_RMQ_CONNECT no', t: 'ERR_RMQ_TIMEOUT maybe' }

describe('joining a group', () => {
  it(
    'asks nobody when it filters by tags only',
    marbles(m => {
      const { checked$, asked } = drawn(m, [], { subscribe: [on(topic('t'), { tags: 'a || b' })] })
      m.expect(checked$).toBeObservable('|')
      m.flush()
      expect(asked).toEqual([])
    }),
  )

  it(
    'asks one broker, and goes on when it has confirmed the expression',
    marbles(m => {
      const { checked$, asked } = drawn(m, ['--y'])
      m.expect(checked$).toBeObservable('--|')
      m.flush()
      expect(asked).toEqual(['a:1 t at 0'])
    }),
  )

  it(
    'asks about one expression after the other, and of tags not at all',
    marbles(m => {
      const subscribe = [sql, on(topic('u')), on(topic('v'), { sql: 'y = 1' })]
      const routes = [known('t', BOTH), known('u', BOTH), known('v', { c: 'c:1' })]
      const { checked$, asked } = drawn(m, ['--y', '-y'], { subscribe, routes })
      m.expect(checked$).toBeObservable('---|')
      m.flush()
      expect(asked).toEqual(['a:1 t at 0', 'c:1 v at 2'])
    }),
  )

  it(
    'does not ask the same broker first each time, and asks the next one where it gets no answer',
    marbles(m => {
      const { checked$, asked } = drawn(m, ['--#', '-y'], { chance: 0.9 })
      m.expect(checked$).toBeObservable('---|')
      m.flush()
      expect(asked).toEqual(['b:1 t at 0', 'a:1 t at 2'])
    }),
  )

  it(
    'fails with the last reason when no broker can be asked',
    marbles(m => {
      const { checked$ } = drawn(m, ['--#', '-#'], { error: requestTimeout('a:1', 1, 30, 'maybe') })
      m.expect(checked$).toBeObservable('---(t|)', SAID)
    }),
  )

  it(
    'asks any broker of the group about a topic that does not exist yet, and nobody where nothing exists',
    marbles(m => {
      const some = drawn(m, ['y'], { routes: [missing('t'), known('u', { b: 'b:1' })] })
      const none = drawn(m, ['y'], { routes: [missing('t')] })
      m.expect(some.checked$).toBeObservable('|')
      m.expect(none.checked$).toBeObservable('|')
      m.flush()
      expect([some.asked, none.asked]).toEqual([['b:1 t at 0'], []])
    }),
  )

  it.each<[string, keyof typeof SAID, RocketError]>([
    ['an expression that the broker cannot read', 'i', refused(23, 'bad > token')],
    ['a broker that does not filter by properties', 'i', refused(1, 'The broker does not support consumer to filter')],
    ['whatever else a broker says', 'b', refused(1, 'out of memory')],
  ])('fails at once for %s', (_, said, error) => {
    marbles(m => {
      const { checked$, asked } = drawn(m, ['--#', '-y'], { error })
      m.expect(checked$).toBeObservable(`--(${said}|)`, SAID)
      m.flush()
      expect(asked).toHaveLength(1)
    })()
  })

  it.each([
    [23, 'bad > token', 'a:1 cannot read the filter "x > 3" of topic "t": bad > token', 'fix the call'],
    [1, 'cannot filter', 'its enablePropertyFilter is off (cannot filter)', 'set enablePropertyFilter=true in broker'],
  ])('names topic, broker and what to do when code %i refuses it', (code, remark, message, advice) => {
    marbles(m => {
      let failure: unknown
      const { checked$ } = drawn(m, ['#'], { error: refused(code, remark), onFailure: error => (failure = error) })
      m.expect(checked$).toBeObservable('(i|)', SAID)
      m.flush()
      expect(failure).toMatchObject({
        topic: 't',
        endpoint: 'a:1',
        responseCode: code,
        remark,
        retriable: false,
        message: expect.stringContaining(message) as string,
        advice: expect.stringContaining(advice) as string,
      })
    })()
  })
})
