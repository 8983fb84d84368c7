import { catchError, defer, EMPTY, ignoreElements, map, NEVER, switchMap, throwError } from 'rxjs'
import type { Observable } from 'rxjs'
import Long from 'long'
import type { SharedClient } from '../../client/shared-client.ts'
import { illegal, isRocketError, notConnected } from '../../errors.ts'
import type { RouteState } from '../../nameserver/route-state.ts'
import { withNamespace } from '../../protocol/names.ts'
import { RESPONSE } from '../../protocol/responses.ts'
import type { MessageQueue } from '../../protocol/bodies/routes.ts'
import { endpointsOf, masterOf, startable$ } from '../subscriptions/group-routes.ts'
import type { ConsumerSettings } from '../options.ts'
import type { PopQueueContext } from './pop-queue.ts'
import type { RebalanceOptions } from '../allocation/rebalance.ts'
import type { Subscriptions } from '../subscriptions/subscriptions.ts'

/** How long a broker may hold a pop, as Java, ms; and how much longer we wait for the answer. */
const POLL_MS = 15_000
const PATIENCE_MS = 10_000
/** Brokers give no more at once, and refuse who asks for more. */
const MOST = 32
/** For a dead letter, as Java's send-back, ms. */
const SEND_BACK_MS = 5_000
/** Any queue of a broker. */
const ANY_QUEUE = -1

type Requests = Pick<PopQueueContext, 'pop$' | 'ack$' | 'ackMany$' | 'changeInvisible$' | 'deadLetter$'>

export interface PopBroker extends Requests {
  /** The queues of a topic that the broker lets this member pop from: any queue of each broker, if it has no say. */
  readonly share$: RebalanceOptions['share$']
  /** Errors with ERR_RMQ_ILLEGAL where brokers are too old to be popped from. */
  supported$(routes$: Observable<readonly RouteState[]>): Observable<never>
}

/** What a member asks of brokers that keep its progress message by message. */
export const createPopBroker = (
  { broker, clientId, namespace, runtime }: SharedClient,
  { group, startFrom, ordering, invisibleMs, allocation }: ConsumerSettings,
  subscriptions: Pick<Subscriptions, 'of' | 'topics'>,
  routes: () => readonly RouteState[],
): PopBroker => {
  const { scheduler, random } = runtime
  const inside = (name: string): string => withNamespace(name, namespace)
  // Names of retry topics are made of both, so they are said as brokers know them.
  const ownerOf = ({ topic }: MessageQueue) => ({ group: inside(group), topic: inside(topic) })

  const at$ = <T>(queue: MessageQueue, ask: (endpoint: string) => Observable<T>): Observable<T> =>
    defer(() => {
      const endpoint = masterOf(routes(), queue)
      return endpoint === undefined
        ? throwError(() => notConnected(queue.brokerName, new Error('it has no master in any route')))
        : ask(endpoint)
    })
  const assignment$ = (endpoint: string, topic: string) =>
    broker.membership.assignments$(endpoint, {
      topic,
      consumerGroup: group,
      clientId,
      strategyName: allocation.wireName,
      messageModel: 'CLUSTERING',
    })
  const oneOf = (endpoints: readonly string[]): string | undefined => endpoints[Math.floor(random() * endpoints.length)]

  return {
    share$: route =>
      defer(() => {
        const endpoint = oneOf([...endpointsOf([route])])
        return endpoint === undefined ? EMPTY : assignment$(endpoint, route.topic)
      }).pipe(
        map(assignments => {
          const popped = assignments?.filter(({ mode }) => mode === 'POP')
          if (popped === undefined || popped.length === 0) return anyOfEach(route.subscribeQueues)
          return distinct(popped.map(({ queue }) => ({ ...queue, topic: route.topic })))
        }),
      ),

    supported$: routes$ =>
      startable$(routes$).pipe(
        switchMap(states => {
          const endpoint = oneOf([...endpointsOf(states)])
          return endpoint === undefined ? EMPTY : assignment$(endpoint, subscriptions.topics[0] ?? '')
        }),
        ignoreElements(),
        catchError((error: unknown) => {
          if (!isRocketError(error) || error.responseCode !== RESPONSE.REQUEST_CODE_NOT_SUPPORTED) return EMPTY
          const why = `acknowledge: 'pop' needs brokers of RocketMQ 5, and ${error.endpoint ?? 'this broker'} is older`
          return throwError(() => illegal(why, { cause: error, advice: "consume with acknowledge: 'offset'" }))
        }),
      ),

    pop$: (queue, max, held) =>
      at$(queue, endpoint => {
        const subscription = subscriptions.of(queue.topic)
        if (subscription === undefined) return NEVER // it is about to be taken away
        const { subString, expressionType } = subscription
        const pollMs = held ? POLL_MS : 0
        return broker.popping.pop$(
          endpoint,
          {
            consumerGroup: group,
            topic: queue.topic,
            queueId: queue.queueId,
            maxMsgNums: Math.min(max, MOST),
            invisibleTime: Long.fromNumber(invisibleMs),
            pollTime: Long.fromNumber(pollMs),
            bornTime: Long.fromNumber(scheduler.now()),
            initMode: startFrom === 'first' ? 0 : 1,
            ...(subString === '*' ? {} : { expType: expressionType, exp: subString }),
            ...(ordering === 'queue' ? { order: true } : {}),
            bname: queue.brokerName,
          },
          pollMs + PATIENCE_MS,
        )
      }),
    ack$: (queue, handle) => at$(queue, endpoint => broker.popping.ack$(endpoint, ownerOf(queue), handle)),
    ackMany$: (queue, handles) =>
      at$(queue, endpoint => broker.popping.ackMany$(endpoint, ownerOf(queue), queue.brokerName, handles)),
    changeInvisible$: (queue, handle, ms) =>
      at$(queue, endpoint => broker.popping.changeInvisible$(endpoint, ownerOf(queue), handle, ms)),
    deadLetter$: (queue, stored) =>
      at$(queue, endpoint =>
        broker.sending.sendBack$(
          endpoint,
          {
            group,
            offset: stored.physicalOffset,
            delayLevel: -1,
            originTopic: queue.topic,
            unitMode: false,
            bname: queue.brokerName,
          },
          SEND_BACK_MS,
        ),
      ),
  }
}

const anyOfEach = (queues: readonly MessageQueue[]): readonly MessageQueue[] =>
  distinct(queues.map(queue => ({ ...queue, queueId: ANY_QUEUE })))

const distinct = (queues: readonly MessageQueue[]): readonly MessageQueue[] => {
  const seen = new Map(queues.map(queue => [`${queue.brokerName}:${queue.queueId}`, queue]))
  return [...seen.values()]
}
