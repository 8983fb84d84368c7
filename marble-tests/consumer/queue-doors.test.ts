import { ignoreElements, map, mergeMap, of } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { encodeTopicRoute } from '../../src/protocol/bodies/bodies.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { RESPONSE } from '../../src/protocol/responses.ts'
import { aQueue, aRoute } from '../../test/support/builders.ts'
import { answers } from '../../test/support/fake-cluster.ts'
import { errorsAsValues, marbles, type Marbles } from '../marbles.ts'
import { at, drawConsumer } from './consumer-drawn.ts'

const ROUTE = REQUESTS.GET_ROUTEINFO_BY_TOPIC.code
const routeTo = (...brokers: readonly string[]) =>
  answers(RESPONSE.SUCCESS, {}, encodeTopicRoute(aRoute(Object.fromEntries(brokers.map(name => [name, `${name}:1`])))))

/** Asks for queues of brokers named at the marks, of a client whose later route comes 2 ms after it was asked for. */
const drawRoutes = (m: Marbles, marks: string, later: ReturnType<typeof routeTo>) => {
  let asked = 0
  const { client } = drawConsumer(m, [], {
    [ROUTE]: () => (asked++ === 0 ? of(routeTo('a')) : m.cold('--(r|)', { r: later })),
  })
  at(m, '20ms c', () => client.close())
  m.expect(client.queues$('t').pipe(ignoreElements())).toBeObservable('20ms |') // while somebody looks, a route is kept
  const firstOffset$ = (brokerName: string) =>
    client.minOffset$(aQueue(brokerName)).pipe(
      map(() => brokerName),
      errorsAsValues(),
    )
  return { told$: m.cold(marks).pipe(mergeMap(firstOffset$)), routesAsked: () => asked }
}

describe('a queue that is asked for by name', () => {
  it(
    'is looked for once more at the name server when its broker is in no route, and found there',
    marbles(m => {
      const { told$, routesAsked } = drawRoutes(m, 'a---b|', routeTo('a', 'b'))
      m.expect(told$).toBeObservable('             a-----(b|)')
      m.flush()
      expect(routesAsked()).toBe(2)
    }),
  )

  it(
    'fails as soon as the name server confirms that the route does not name its broker',
    marbles(m => {
      const { told$, routesAsked } = drawRoutes(m, 'a---b|', routeTo('a'))
      m.expect(told$).toBeObservable('             a-----(e|)', { a: 'a', e: 'ERR_RMQ_CONNECT no' })
      m.flush()
      expect(routesAsked()).toBe(2)
    }),
  )
})
