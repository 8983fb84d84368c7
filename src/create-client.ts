import {
  BehaviorSubject,
  defer,
  firstValueFrom,
  map,
  Observable,
  ReplaySubject,
  takeUntil,
  tap,
  throwError,
  timeout,
} from 'rxjs'
import type { ObservableInput } from 'rxjs'
import { nextClientState } from './client/client-state.ts'
import type { ClientState } from './client/client-state.ts'
import { checkedMs } from './client/checks.ts'
import type { ClientConfig } from './client/config.ts'
import { nextInfos } from './client/connection-infos.ts'
import type { ConnectionInfo } from './client/connection-infos.ts'
import type { BrokerHealth } from './client/broker-health.ts'
import { routeCacheOf } from './client/route-cache.ts'
import type { RouteCache } from './client/route-cache.ts'
import { createSharedClient } from './client/shared-client.ts'
import type { CloseReport } from './client/shared-client.ts'
import { stats$ } from './client/stats.ts'
import type { Stats } from './client/stats.ts'
import type { Consumer } from './consumer/consumer.ts'
import type { DeliveryFrom } from './consumer/queues/delivery.ts'
import type { ConsumerOptions } from './consumer/options.ts'
import { createTracedConsumer } from './create-traced-consumer.ts'
import { createPullConsumer } from './consumer/pull/create-pull-consumer.ts'
import type { InboundFrom, PullConsumer } from './consumer/pull/pull-consumer.ts'
import type { PullConsumerOptions } from './consumer/pull/pull-options.ts'
import { createQueueDoors } from './consumer/queues/queue-doors.ts'
import type { QueueDoors } from './consumer/queues/queue-doors.ts'
import { createTracedProducer } from './create-traced-producer.ts'
import { closed, operationTimeout } from './errors.ts'
import { nameOf } from './messages/topic.ts'
import type { SubscriptionSpec, Topic } from './messages/topic.ts'
import type { RouteState } from './nameserver/route-state.ts'
import type { ClientEvent } from './observability/events.ts'
import { defaultLogger, logEvent } from './observability/logger.ts'
import { neverSync } from './operators/never-sync.ts'
import type { ProducerOptions } from './producer/options.ts'
import type { ClusterInfo } from './protocol/bodies/bodies.ts'
import type { Producer } from './producer/producer.ts'
import type { TransactionalOptions } from './producer/transaction-options.ts'
import { createTransactionalProducer } from './producer/transactional-producer.ts'
import type { TransactionalProducer } from './producer/transactional-producer.ts'

/** One member of a cluster's life: its connections, routes and heartbeats, shared by all its producers and consumers. */
export interface Client extends QueueDoors, AsyncDisposable {
  /** By which brokers know it: `clientId` of the config, or the one that was made. */
  readonly clientId: string
  /** The life of this client, from `idle` to `closed`. Replays the current state. */
  readonly state$: Observable<ClientState>
  /** All connections and their states. Replays the current list. */
  readonly connections$: Observable<readonly ConnectionInfo[]>
  /** Everything worth telling, as it happens. Logger and metrics read the same. */
  readonly events$: Observable<ClientEvent>
  /** What is known of a topic's route; refreshed while anyone looks. Never errors. */
  routes$(topic: Topic | string): Observable<RouteState>
  /** Has the name servers asked again now: about one topic, or about all that are in use. */
  refreshRoutes(topic?: Topic | string): void
  /**
   * Has the name servers asked again about a topic, and does not believe its last good route any more: where they no longer
   * know the topic it goes at once, not after `timing.routeTtlMs`. For a topic that was deleted or has moved.
   */
  forgetRoute(topic: Topic | string): void
  /** What is kept of routes now: their topics, brokers and queues. */
  routeCache(): RouteCache
  /** The health of every broker known by name: of those that routes named. Replays the current table. */
  readonly health$: Observable<ReadonlyMap<string, BrokerHealth>>
  /** Nothing more is sent to this broker, for so many ms (default: until `recoverBroker`), unless all are suspended. */
  suspendBroker(brokerName: string, forMs?: number): void
  /** Makes a broker healthy at once, whatever it was; `false` when no such broker is known. */
  recoverBroker(brokerName: string): boolean
  /** The counters and latencies of `health$` begin anew. The health of brokers stays. */
  resetBrokerStats(): void
  /** Counters of all connections, every so many ms (default 1,000). */
  stats$(everyMs?: number): Observable<Stats>
  /** One value when a name server answered; errors when none did within `timing.connectTimeoutMs`. */
  ready$(): Observable<Client>
  /** `ready$`, asked at once. */
  ready(): Promise<Client>
  /** The clusters and brokers that the name servers know, asked once. */
  clusterInfo$(): Observable<ClusterInfo>
  /** A producer of this client; opens nothing. Throws ERR_RMQ_ILLEGAL for a bad option, ERR_RMQ_CLOSED once the client closes. */
  producer(options?: ProducerOptions): Producer
  /**
   * A producer whose messages can be part of transactions. Opens nothing; its first use makes its group known to the
   * brokers. Throws ERR_RMQ_ILLEGAL for a bad option, without `check`, or for a second one of the same group.
   */
  transactionalProducer(options: TransactionalOptions): TransactionalProducer
  /** A member of a group; joins when `process$` is subscribed to. Throws ERR_RMQ_ILLEGAL for a bad option. */
  consumer<const S extends readonly SubscriptionSpec[]>(options: ConsumerOptions<S>): Consumer<DeliveryFrom<S[number]>>
  /** A member of a group that is asked for messages (lite pull); joins when it is. Throws ERR_RMQ_ILLEGAL for a bad option. */
  pullConsumer<const S extends readonly SubscriptionSpec[]>(
    options: PullConsumerOptions<S>,
  ): PullConsumer<InboundFrom<S[number]>>
  /** Winds up consumers, then transactions, producers, connections; at most drainMs (default `timing.drainMs`). Idempotent. */
  close(options?: { readonly drainMs?: number }): Promise<CloseReport>
  /** Emits the report of the end, and replays it. */
  readonly closed$: Observable<CloseReport>
}

/** Opens nothing: the first send or subscription connects. Bad configuration throws ERR_RMQ_ILLEGAL. */
export const createClient = (config: ClientConfig): Client => {
  const shared = createSharedClient(config)
  const { events$, routes, timing, runtime, life, nameServer, health, closing$ } = shared
  const { scheduler, asap } = runtime
  const state = new BehaviorSubject<ClientState>('idle')
  const connections = new BehaviorSubject<readonly ConnectionInfo[]>([])
  const ended = new ReplaySubject<CloseReport>(1)
  const logger =
    config.logger === false ? undefined : (config.logger ?? defaultLogger(config.debug === true ? 'debug' : 'warn'))

  let current: ClientState = 'idle'
  let infos: readonly ConnectionInfo[] = []
  const become = (next: ClientState): void => {
    if (next !== current) state.next((current = next))
  }
  events$.subscribe({
    next: event => {
      tellLogger(event)
      become(nextClientState(current, event))
      if (event.type === 'connection-state') connections.next((infos = nextInfos(infos, event)))
    },
    error: () => undefined, // event streams never error
  })

  const tellLogger = (event: ClientEvent): void => {
    try {
      if (logger !== undefined) logEvent(logger, event)
    } catch {
      // a logger that fails must not end what it was told about
    }
  }

  let closing: Promise<CloseReport> | undefined
  const close: Client['close'] = ({ drainMs } = {}) => {
    const patience = checkedMs('drainMs', drainMs, timing.drainMs, 0)
    become('draining')
    closing ??= firstValueFrom(
      shared.close$(patience).pipe(
        tap(report => {
          become('closed')
          state.complete()
          if (infos.length > 0) connections.next([])
          connections.complete()
          ended.next(report)
          ended.complete()
        }),
        life.held(),
      ),
    )
    return closing
  }

  const whileOpen$ = <T>(operation$: Observable<T>): Observable<T> =>
    defer(() => (shared.isClosed() ? throwError(() => closed('the client')) : operation$))

  const ready$ = (): Observable<Client> =>
    whileOpen$(nameServer.clusterInfo$()).pipe(
      map(() => client),
      timeout({
        first: timing.connectTimeoutMs,
        scheduler,
        with: () => throwError(() => operationTimeout('waiting for a name server', timing.connectTimeoutMs)),
      }),
      neverSync(asap),
      life.held(),
    )

  const client: Client = {
    clientId: shared.clientId,
    state$: state.asObservable(),
    connections$: connections.asObservable(),
    events$,
    routes$: topic => routes.routes$(nameOf(topic)).pipe(takeUntil(closing$)),
    refreshRoutes: topic => routes.refresh(topic === undefined ? undefined : nameOf(topic)),
    forgetRoute: topic => routes.forget(nameOf(topic)),
    routeCache: () => routeCacheOf(routes.cached()),
    health$: health.health$,
    suspendBroker: (brokerName, forMs) =>
      health.suspend(brokerName, forMs === undefined ? Infinity : checkedMs('forMs', forMs, 1)),
    recoverBroker: health.recover,
    resetBrokerStats: health.resetCounts,
    stats$: (everyMs = 1_000) =>
      stats$(shared, checkedMs('everyMs', everyMs, 1_000), scheduler).pipe(takeUntil(closing$)),
    ready$,
    ready: () => firstValueFrom(ready$()),
    clusterInfo$: () => whileOpen$(nameServer.clusterInfo$()).pipe(neverSync(asap), life.held()),
    producer: options => createTracedProducer(shared, options),
    transactionalProducer: options => createTransactionalProducer(shared, options, createTracedProducer),
    consumer: options => createTracedConsumer(shared, options),
    pullConsumer: options => createPullConsumer(shared, options),
    ...createQueueDoors(shared),
    close,
    closed$: ended.asObservable(),
    [Symbol.asyncDispose]: () => close().then(() => undefined),
  }
  return client
}

/**
 * Makes a client, uses it, and closes it before completing or failing. Not rxjs `using`, which cannot wait. Unsubscribed
 * from outside it closes in the background, within `timing.drainMs`.
 */
export const withClient = <T>(config: ClientConfig, use: (client: Client) => ObservableInput<T>): Observable<T> =>
  new Observable<T>(subscriber => {
    const client = createClient(config)
    const thenClosed = (end: () => void): void => {
      client.close().then(end, (cause: unknown) => subscriber.error(cause))
    }
    const using = defer(() => use(client)).subscribe({
      next: value => subscriber.next(value),
      error: (cause: unknown) => thenClosed(() => subscriber.error(cause)),
      complete: () => thenClosed(() => subscriber.complete()),
    })
    return () => {
      using.unsubscribe()
      void client.close()
    }
  })
