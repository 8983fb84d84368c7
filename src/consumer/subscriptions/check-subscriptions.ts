import { catchError, concat, defer, EMPTY, ignoreElements, switchMap, throwError } from 'rxjs'
import type { Observable } from 'rxjs'
import type { SharedClient } from '../../client/shared-client.ts'
import { illegal, isRocketError } from '../../errors.ts'
import type { RocketError } from '../../errors.ts'
import type { RouteState } from '../../nameserver/route-state.ts'
import { RESPONSE } from '../../protocol/responses.ts'
import type { SubscriptionData } from '../../protocol/subscription.ts'
import { endpointsOf, startable$ } from './group-routes.ts'
import type { Subscriptions } from './subscriptions.ts'

/** What it takes of the client. */
type Asking = Pick<SharedClient, 'broker' | 'clientId' | 'runtime' | 'timing'>

/**
 * Has a broker look at each subscription that filters by more than tags, before anybody joins with it: a heartbeat is
 * confirmed whatever it says, and then every pull fails. Completes when all are fine, at once when there are none.
 */
export const checkedByBroker$ = (
  shared: Asking,
  group: string,
  subscriptions: Pick<Subscriptions, 'topics' | 'of'>,
  routes$: Observable<readonly RouteState[]>,
): Observable<never> => {
  const doubtful = subscriptions.topics.flatMap(topic => subscriptions.of(topic) ?? []).filter(isDoubtful)
  if (doubtful.length === 0) return EMPTY
  return startable$(routes$).pipe(
    switchMap(states => concat(...doubtful.map(subscription => checked$(shared, group, subscription, states)))),
  )
}

const isDoubtful = ({ expressionType }: SubscriptionData): boolean => expressionType !== 'TAG'

/** The word of one broker is enough. Those that cannot be asked are passed over, unless it is all of them. */
const checked$ = (
  { broker, clientId, runtime, timing }: Asking,
  group: string,
  subscription: SubscriptionData,
  states: readonly RouteState[],
): Observable<never> => {
  const check = { clientId, consumerGroup: group, subscription }
  const ask$ = ([endpoint, ...others]: readonly string[]): Observable<never> =>
    endpoint === undefined
      ? EMPTY
      : broker.membership.check$(endpoint, check, timing.requestTimeoutMs).pipe(
          ignoreElements(),
          catchError((error: unknown) => {
            if (!isRocketError(error)) return throwError(() => error)
            const isUnanswered = error.responseCode === undefined && others.length > 0
            return isUnanswered ? ask$(others) : throwError(() => refusal(error, subscription))
          }),
        )
  return defer(() => ask$(turned(brokersOf(subscription.topic, states), runtime.random())))
}

/** Those of the topic; before it exists, any that the group has to do with. None, where nothing exists yet. */
const brokersOf = (topic: string, states: readonly RouteState[]): readonly string[] => {
  const own = endpointsOf(states.filter(state => state.topic === topic))
  return [...(own.size > 0 ? own : endpointsOf(states))]
}

/** Not always the same one first. */
const turned = (endpoints: readonly string[], chance: number): readonly string[] => {
  const first = Math.floor(chance * endpoints.length)
  return [...endpoints.slice(first), ...endpoints.slice(0, first)]
}

const refusal = (error: RocketError, { topic, subString, expressionType }: SubscriptionData): RocketError => {
  const { endpoint = 'a broker', responseCode, remark = '' } = error
  const details = { topic, endpoint, remark, cause: error, ...(responseCode !== undefined && { responseCode }) }
  if (responseCode === RESPONSE.SUBSCRIPTION_PARSE_FAILED) {
    const filter = JSON.stringify(subString.slice(0, 80))
    return illegal(`${endpoint} cannot read the filter ${filter} of topic "${topic}": ${remark}`, details)
  }
  if (responseCode !== RESPONSE.SYSTEM_ERROR || !/filter/i.test(remark)) return error
  return illegal(
    `${endpoint} does not filter topic "${topic}" by ${expressionType}: its enablePropertyFilter is off (${remark})`,
    { ...details, advice: 'set enablePropertyFilter=true in broker.conf of all its brokers, or filter by tags' },
  )
}
