import { concat, defaultIfEmpty, defer, forkJoin, reduce, ReplaySubject, Subject, tap } from 'rxjs'
import type { Observable } from 'rxjs'
import { createBroker } from '../broker/broker.ts'
import type { Broker } from '../broker/broker.ts'
import { alreadyConsuming, closed } from '../errors.ts'
import { nameServers$ } from '../nameserver/discovery.ts'
import { createNameServer } from '../nameserver/name-server.ts'
import type { NameServer } from '../nameserver/name-server.ts'
import { createRoutes } from '../nameserver/routes.ts'
import type { Routes } from '../nameserver/routes.ts'
import type { ClientEvent, Report } from '../observability/events.ts'
import { createInvoke } from '../remoting/invoke.ts'
import { createSessions } from '../remoting/sessions.ts'
import type { LiveSession } from '../remoting/sessions.ts'
import { parseEndpoints } from '../transport/endpoint.ts'
import { createAddressMap } from './address-map.ts'
import { resolveClientConfig } from './config.ts'
import type { ClientConfig, Timing } from './config.ts'
import { createHealth } from './health.ts'
import type { Health } from './health.ts'
import { watchedBeats, watchedRoutes } from './health-watch.ts'
import { createHeartbeats } from './heartbeat.ts'
import type { Heartbeats } from './heartbeat.ts'
import { createInbound } from './inbound.ts'
import type { InboundTable } from './inbound.ts'
import { interceptedSessions } from './intercepted-sessions.ts'
import { createProcessLife } from './process-life.ts'
import type { ProcessLife } from './process-life.ts'
import { createReplies } from './replies.ts'
import type { Replies } from './replies.ts'
import { newClientId, resolveRuntime } from './runtime.ts'
import type { Runtime } from './runtime.ts'

/** What was left when something closed; all zero after an orderly end. */
export interface CloseReport {
  /** Whether time ran out before everything in hand was settled. */
  readonly forced: boolean
  /** Deliveries that nobody settled, and transactions that nobody ended: they come again, or are asked about. */
  readonly unsettled: number
  /** Messages that were accepted and did not leave: certainly not stored. */
  readonly unsent: number
  /** Messages that were on their way when time ran out: nobody knows whether they are stored. */
  readonly inFlight: number
  /** Queues whose last progress the broker did not confirm: their messages come again. */
  readonly uncommitted: number
}

export const NOTHING_LEFT: CloseReport = { forced: false, unsettled: 0, unsent: 0, inFlight: 0, uncommitted: 0 }

/** Something that must be wound up before the connections go. */
interface Feature {
  readonly kind: 'consumer' | 'transactions' | 'producer'
  /** Cold. One report, then complete; never errors; within drainMs. */
  close$(drainMs: number): Observable<CloseReport>
}

/** What all features of one client share. Stateless requests are in `broker/`; shared life is here. */
export interface SharedClient {
  readonly clientId: string
  /** Around topics and groups on the wire; inside the client they are bare. */
  readonly namespace: string | undefined
  readonly runtime: Runtime
  readonly timing: Timing
  readonly broker: Broker
  readonly nameServer: NameServer
  /** The addresses of the name servers, as far as they were asked for. */
  nameServers(): readonly string[]
  readonly routes: Routes
  readonly heartbeats: Heartbeats
  readonly health: Health
  readonly inbound: InboundTable
  readonly replies: Replies
  readonly life: ProcessLife
  readonly report: Report
  readonly events$: Observable<ClientEvent>
  /** Emits, and replays, when the client closes. */
  readonly closing$: Observable<void>
  isClosed(): boolean
  /** Errors with ERR_RMQ_CLOSED once the client closes. */
  enlist(feature: Feature): () => void
  /** A group may have one consumer per client: two would be one member to the brokers. Returns how to give it up. */
  claimGroup(group: string): () => void
  /** Live sessions, for counters. */
  sessions(): readonly LiveSession[]
  /** Consumers first, then transactions, then producers, then the sockets. */
  close$(drainMs: number): Observable<CloseReport>
}

export const createSharedClient = (config: ClientConfig): SharedClient => {
  const settings = resolveClientConfig(config)
  const { timing, connection, maxInFlight, namespace } = settings
  const runtime = resolveRuntime(config.runtime, timing.connectTimeoutMs, connection)
  const { scheduler, asap, random, transport } = runtime
  const clientId = settings.clientId ?? newClientId(random)

  const events = new Subject<ClientEvent>()
  const closing = new ReplaySubject<void>(1)
  const closing$ = closing.asObservable()
  const report = reporter(events, () => scheduler.now())

  const opened = createSessions({
    transport,
    closing$,
    idleMs: timing.idleMs,
    maxInFlight,
    firstMs: connection.reconnectFirstMs,
    maxMs: connection.reconnectMaxMs,
    report,
    scheduler,
    random,
  })
  const sessions = interceptedSessions(opened, settings, scheduler)
  const invoke = createInvoke(sessions)
  const broker = createBroker(invoke)
  let nameServers: readonly string[] = []
  const nameServer = createAddressMap(
    createNameServer({
      invoke,
      addresses$: nameServers$(config.nameServers, parseEndpoints).pipe(tap(found => (nameServers = found))),
      report,
      random,
      now: () => scheduler.now(),
      timeoutMs: timing.requestTimeoutMs,
    }),
    config.addressMap,
  )
  const health = createHealth({
    clientId,
    options: settings.health,
    coordinator: config.coordinator,
    closing$,
    report,
    scheduler,
    asap,
  })
  const routes = createRoutes({
    nameServer: watchedRoutes(nameServer, health),
    closing$,
    report,
    scheduler,
    refreshMs: timing.routeRefreshMs,
    retryMs: timing.routeRetryMs,
    ttlMs: timing.routeTtlMs,
    idleMs: timing.idleMs,
  })
  const inbound = createInbound(sessions.inbound$, report)
  const { heartbeat$, heartbeatOneway$ } = broker.membership
  const heartbeats = createHeartbeats({
    clientId,
    membership: watchedBeats(
      { heartbeat$: settings.heartbeatMode === 'oneway' ? heartbeatOneway$ : heartbeat$ },
      health,
    ),
    gate$: endpoint => sessions.gate$(endpoint, 'control'),
    report,
    scheduler,
    periodMs: timing.heartbeatMs,
    timeoutMs: timing.requestTimeoutMs,
  })

  const features = new Set<Feature>()
  const groups = new Set<string>()
  let isClosed = false
  const answering = inbound.answering$.subscribe({ error: () => undefined }) // the life of the client
  health.probes$.subscribe({ next: heartbeats.probe, error: () => undefined }) // the same

  const windUp$ = (kind: Feature['kind'], drainMs: number): Observable<readonly CloseReport[]> =>
    defer(() =>
      forkJoin([...features].filter(feature => feature.kind === kind).map(feature => feature.close$(drainMs))),
    ).pipe(defaultIfEmpty([]))

  return {
    clientId,
    namespace,
    runtime,
    timing,
    broker,
    nameServer,
    nameServers: () => nameServers,
    routes,
    heartbeats,
    health,
    inbound,
    replies: createReplies(inbound, report),
    life: createProcessLife(),
    report,
    events$: events.asObservable(),
    closing$,
    isClosed: () => isClosed,
    enlist: feature => {
      if (isClosed) throw closed('the client')
      features.add(feature)
      return () => features.delete(feature)
    },
    claimGroup: group => {
      if (groups.has(group)) throw alreadyConsuming(group)
      groups.add(group)
      return () => groups.delete(group)
    },
    sessions: () => sessions.live(),
    close$: drainMs =>
      defer(() => {
        isClosed = true
        return concat(windUp$('consumer', drainMs), windUp$('transactions', drainMs), windUp$('producer', drainMs))
      }).pipe(
        reduce((sum, reports) => reports.reduce(addReports, sum), NOTHING_LEFT),
        tap(() => {
          closing.next()
          closing.complete()
          answering.unsubscribe()
          events.complete()
        }),
      ),
  }
}

/** Events go through a queue: a listener that causes another event does not nest inside it, and cannot break us. */
const reporter = (events: Subject<ClientEvent>, now: () => number): Report => {
  const queue: ClientEvent[] = []
  let draining = false
  return event => {
    if (!events.observed) return
    queue.push({ at: now(), ...event })
    if (draining) return
    draining = true
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) events.next(next)
    draining = false
  }
}

/** Several reports as one. */
export const addReports = (a: CloseReport, b: CloseReport): CloseReport => ({
  forced: a.forced || b.forced,
  unsettled: a.unsettled + b.unsettled,
  unsent: a.unsent + b.unsent,
  inFlight: a.inFlight + b.inFlight,
  uncommitted: a.uncommitted + b.uncommitted,
})
