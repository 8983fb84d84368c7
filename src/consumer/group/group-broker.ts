import { defer, map, merge, NEVER, switchMap, tap, throwError, timeout } from 'rxjs'
import type { Observable } from 'rxjs'
import Long from 'long'
import { leaveGroup$ } from '../../client/leave-group.ts'
import type { SharedClient } from '../../client/shared-client.ts'
import { isRocketError, notConnected, operationTimeout } from '../../errors.ts'
import { queueKey } from '../../messages/offsets.ts'
import type { RouteState } from '../../nameserver/route-state.ts'
import type { MessageQueue } from '../../protocol/bodies/routes.ts'
import type { LockRequest } from '../../protocol/bodies/bodies.ts'
import { withoutNamespace } from '../../protocol/names.ts'
import { messageId } from '../../protocol/messages/stored-message.ts'
import { RESPONSE } from '../../protocol/responses.ts'
import { pullFlags } from '../../protocol/sys-flags.ts'
import { addressOf, endpointsOf, masterOf } from '../subscriptions/group-routes.ts'
import type { SeekTo } from '../consumer.ts'
import type { HeldQueueContext } from '../queues/held-queue.ts'
import type { ConsumerSettings } from '../options.ts'
import { offsetAt$, ruledStart$ } from '../offsets/start-position.ts'
import type { StartPosition } from '../offsets/start-position.ts'
import type { Subscriptions } from '../subscriptions/subscriptions.ts'

/** How long a broker may hold a pull, as Java, ms; and how long we wait for the answer. */
const SUSPEND_MS = 15_000
const PULL_TIMEOUT_MS = 30_000
/** For a send-back, as Java, ms. */
const SEND_BACK_MS = 5_000

const UNKNOWN: readonly number[] = [RESPONSE.SUBSCRIPTION_NOT_EXIST, RESPONSE.SUBSCRIPTION_NOT_LATEST]

export interface GroupBrokerOptions {
  readonly routes: () => readonly RouteState[]
  /** Emits when the broker knows us as a member. */
  readonly known$: (endpoint: string) => Observable<unknown>
  /** A broker says that it does not know us, or not our latest subscription. */
  readonly onUnknown: () => void
}

type Requests = Pick<HeldQueueContext, 'pull$' | 'sendBack$'>

export interface GroupBroker extends Requests {
  members$(route: RouteState): Observable<readonly string[]>
  lockQueues$(queues: readonly MessageQueue[]): Observable<readonly MessageQueue[]>
  unlockQueues$(queues: readonly MessageQueue[]): Observable<void>
  /** The offset that the group committed. */
  loadOffset$(queue: MessageQueue): Observable<Long | undefined>
  updateOffset$(queue: MessageQueue, offset: Long): Observable<void>
  /** Where a group begins that has committed none. */
  start$(queue: MessageQueue): Observable<StartPosition>
  offsetAt$(queue: MessageQueue, place: SeekTo): Observable<Long>
  leave$(): Observable<never>
}

/** What a member asks of brokers: which broker, and the group's fields of each request. */
export const createGroupBroker = (
  shared: SharedClient,
  { group, model, startFrom, maxAttempts, polled = false }: ConsumerSettings,
  subscriptions: Subscriptions,
  { routes, known$, onUnknown }: GroupBrokerOptions,
): GroupBroker => {
  const { broker, runtime, timing, clientId, namespace } = shared
  const { scheduler, random } = runtime
  const suggested = new Map<string, number>() // queue ⇒ broker id to pull from, as brokers suggest

  /** Asks the broker of a queue, at the master or at the suggested replica. */
  const at$ = <T>(queue: MessageQueue, ask: (endpoint: string) => Observable<T>, brokerId = 0): Observable<T> =>
    defer(() => {
      const endpoint = addressOf(routes(), queue, brokerId)
      return endpoint === undefined
        ? throwError(() => notConnected(queue.brokerName, new Error('it is in no route')))
        : ask(endpoint)
    })
  /** Waits until the broker knows us: a pull before that is refused. */
  const asMember$ = <T>(endpoint: string, timeoutMs: number, ask: () => Observable<T>): Observable<T> =>
    known$(endpoint).pipe(
      timeout({
        first: timeoutMs,
        scheduler,
        with: () =>
          throwError(() => operationTimeout(`joining group "${group}" at ${endpoint}`, timeoutMs, { endpoint })),
      }),
      switchMap(ask),
    )

  /** Locks are at the master. */
  const locking$ = <T>(
    queues: readonly MessageQueue[],
    ask: (endpoint: string, request: LockRequest) => Observable<T>,
  ): Observable<T> =>
    defer(() => {
      const [queue] = queues
      const endpoint = queue === undefined ? undefined : masterOf(routes(), queue)
      return endpoint === undefined
        ? throwError(() => notConnected(queue?.brokerName ?? 'no broker', new Error('it has no master in any route')))
        : ask(endpoint, { consumerGroup: group, clientId, queues })
    })

  return {
    lockQueues$: queues =>
      locking$(queues, (endpoint, request) => broker.locks.lock$(endpoint, request)).pipe(
        map(held => held.map(queue => ({ ...queue, topic: withoutNamespace(queue.topic, namespace) }))),
      ),
    unlockQueues$: queues => locking$(queues, (endpoint, request) => broker.locks.unlock$(endpoint, request)),

    loadOffset$: queue => at$(queue, endpoint => broker.offsets.query$(endpoint, group, queue, true)),
    updateOffset$: (queue, offset) => at$(queue, endpoint => broker.offsets.update$(endpoint, group, queue, offset)),
    start$: queue => at$(queue, endpoint => ruledStart$(broker.offsets, endpoint, queue, startFrom)),

    pull$: (queue, queueOffset, maxMsgNums, held) => {
      const key = queueKey(queue)
      const ask$ = (endpoint: string) =>
        asMember$(endpoint, PULL_TIMEOUT_MS, () => {
          const subscription = subscriptions.of(queue.topic)
          if (subscription === undefined) return NEVER // it is about to be taken away
          const { subVersion, expressionType, subString } = subscription
          return broker.pulling.pull$(
            endpoint,
            {
              consumerGroup: group,
              topic: queue.topic,
              queueId: queue.queueId,
              queueOffset,
              maxMsgNums,
              sysFlag: pullFlags({ suspend: held, subscription: polled, litePull: polled }),
              commitOffset: Long.ZERO,
              suspendTimeoutMillis: Long.fromNumber(held ? SUSPEND_MS : 0),
              subVersion,
              expressionType,
              ...(polled ? { subscription: subString } : {}),
              bname: queue.brokerName,
            },
            PULL_TIMEOUT_MS,
          )
        })
      return at$(queue, ask$, suggested.get(key) ?? 0).pipe(
        tap({
          next: ({ suggestWhichBrokerId }) => suggested.set(key, suggestWhichBrokerId.toNumber()),
          error: (error: unknown) => {
            suggested.delete(key) // back to the master
            if (isRocketError(error) && UNKNOWN.includes(error.responseCode ?? 0)) onUnknown()
          },
        }),
      )
    },

    offsetAt$: (queue, place) => at$(queue, endpoint => offsetAt$(broker.offsets, endpoint, queue, place)),

    sendBack$:
      model === 'broadcasting'
        ? undefined
        : ({ stored, topic, queue }, delayLevel) =>
            at$(queue, endpoint =>
              broker.sending.sendBack$(
                endpoint,
                {
                  group,
                  offset: stored.physicalOffset,
                  delayLevel,
                  originMsgId: messageId(stored),
                  originTopic: topic,
                  unitMode: false,
                  maxReconsumeTimes: maxAttempts,
                  bname: queue.brokerName,
                },
                SEND_BACK_MS,
              ),
            ),

    members$: ({ route }) =>
      defer(() => {
        const addresses = (route?.brokerDatas ?? []).flatMap(
          ({ brokerAddrs }) => brokerAddrs.get(0) ?? [...brokerAddrs.values()],
        )
        const endpoint = addresses[Math.floor(random() * addresses.length)]
        if (endpoint === undefined) return throwError(() => notConnected('any broker of the topic'))
        return asMember$(endpoint, timing.requestTimeoutMs, () => broker.membership.consumerIds$(endpoint, group))
      }),

    leave$: () =>
      merge(...[...endpointsOf(routes())].map(endpoint => leaveGroup$(shared, endpoint, { consumerGroup: group }))),
  }
}
