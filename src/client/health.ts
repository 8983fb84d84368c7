import { auditTime, defer, distinctUntilChanged, map, startWith, Subject, Subscription, takeUntil } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import type { RocketError } from '../errors.ts'
import type { Report } from '../observability/events.ts'
import type { TopicRoute } from '../protocol/bodies/bodies.ts'
import { masterOf } from '../protocol/bodies/routes.ts'
import { speaksAgainst } from './blame.ts'
import { countFailure, countSuccess, noCounts } from './broker-counts.ts'
import type { BrokerCounts } from './broker-counts.ts'
import { healthView, rankOf } from './broker-health.ts'
import type { BrokerHealth, Rank } from './broker-health.ts'
import type { HealthOptions } from './health-options.ts'
import { probes$ } from './health-probes.ts'
import { nextFault } from './latency-fault.ts'
import type { LatencyFault } from './latency-fault.ts'
import { sharedOutcomes } from './shared-outcomes.ts'
import type { RouteCoordinator } from './route-coordinator.ts'
import { nextStanding, WELL } from './standing.ts'
import type { Standing, StandingEvent } from './standing.ts'

/** What routing asks. */
export interface HealthView {
  /** Whether every broker has rank 0: the usual case, in which nothing else need be asked. */
  readonly allWell: boolean
  rank(brokerName: string): Rank
  of(brokerName: string): BrokerHealth | undefined
  table(): ReadonlyMap<string, BrokerHealth>
}

/** The health of all brokers that this client knows. */
export interface Health extends HealthView {
  readonly health$: Observable<ReadonlyMap<string, BrokerHealth>>
  /** Addresses of avoided brokers, when it is time to ask how they are. */
  readonly probes$: Observable<string>
  succeeded(brokerName: string, latencyMs: number, at: number): void
  failed(brokerName: string, error: RocketError, latencyMs: number, at: number): void
  /** The outcome of a heartbeat to an address. */
  beat(endpoint: string, error?: RocketError): void
  /** A route names these brokers. */
  seen(route: TopicRoute): void
  suspend(brokerName: string, forMs: number): void
  /** Whether there is such a broker. */
  recover(brokerName: string): boolean
  /** Counters and latencies begin anew; health stays. */
  resetCounts(): void
}

export interface HealthWiring {
  readonly clientId: string
  readonly options: HealthOptions
  readonly coordinator: RouteCoordinator | undefined
  readonly closing$: Observable<unknown>
  readonly report: Report
  readonly scheduler: SchedulerLike
  readonly asap: SchedulerLike
}

interface Tracked {
  readonly brokerName: string
  endpoint: string | undefined
  standing: Standing
  fault: LatencyFault | undefined
  counts: BrokerCounts
  rank: Rank
  view: BrokerHealth | undefined
}

const LONGEST_MS = 2 ** 31 - 1 // of a Node timer
/** More brokers than any cluster has; of more, those known longest are forgotten. */
const MOST_BROKERS = 1_024

export const createHealth = (wiring: HealthWiring): Health => {
  const { options, closing$, report, scheduler, asap } = wiring
  const { avoidSlow, probeMs } = options
  const next = nextStanding(options)
  const brokers = new Map<string, Tracked>()
  const changes = new Subject<void>()
  const alarms = new Subject<void>()
  let ill = 0
  let table: ReadonlyMap<string, BrokerHealth> | undefined
  let waking = Subscription.EMPTY
  let wakesAt = Infinity

  const changed = (tracked: Tracked): void => {
    tracked.view = undefined
    table = undefined
    if (changes.observed) changes.next()
  }
  const forget = (tracked: Tracked): void => {
    brokers.delete(tracked.brokerName)
    if (tracked.rank > 0) ill--
  }
  const tracked = (brokerName: string): Tracked => {
    const known = brokers.get(brokerName)
    if (known !== undefined) return known
    for (const oldest of brokers.values()) if (brokers.size >= MOST_BROKERS) forget(oldest)
    const added: Tracked = {
      brokerName,
      endpoint: undefined,
      standing: WELL,
      fault: undefined,
      counts: noCounts(),
      rank: 0,
      view: undefined,
    }
    brokers.set(brokerName, added)
    changed(added)
    return added
  }

  const viewOf = (broker: Tracked): BrokerHealth => (broker.view ??= healthView(broker, scheduler.now()))
  const snapshot = (): ReadonlyMap<string, BrokerHealth> =>
    (table ??= new Map([...brokers.values()].map(broker => [broker.brokerName, viewOf(broker)])))

  const rerank = (broker: Tracked, at: number): void => {
    const before = broker.rank
    broker.rank = rankOf(broker, at)
    ill += Number(broker.rank > 0) - Number(before > 0)
    changed(broker)
    if (before > 0 || broker.rank > 0) alarms.next()
  }
  const apply = (broker: Tracked, event: StandingEvent, at: number, error?: RocketError): void => {
    const before = broker.standing
    const after = next(before, event)
    if (after === before) return
    broker.standing = after
    rerank(broker, at)
    if (after.suspendedUntil !== undefined) wake(after.suspendedUntil, at)
    if (before.state === after.state) return
    const how = error === undefined ? {} : { error }
    report({ type: 'broker-health', brokerName: broker.brokerName, from: before.state, to: after.state, ...how })
  }

  /** One timer for all that ends by itself, and none when nothing does. */
  const wake = (until: number, at: number): void => {
    if (until >= wakesAt || until <= at || until === Infinity) return
    waking.unsubscribe()
    wakesAt = until
    waking = scheduler.schedule(strike, Math.min(until - at, LONGEST_MS))
  }
  const strike = (): void => {
    const at = scheduler.now()
    wakesAt = Infinity
    for (const broker of brokers.values()) {
      apply(broker, { type: 'clock', at }, at)
      if (broker.fault !== undefined) rerank(broker, at)
      wake(broker.standing.suspendedUntil ?? broker.fault?.availableFrom ?? 0, at)
    }
  }

  const measure = (broker: Tracked, latencyMs: number, at: number, isolated: boolean, reachable: boolean): void => {
    const before = broker.fault?.availableFrom ?? 0
    broker.fault = nextFault(broker.fault, { at, latencyMs, isolated, reachable })
    rerank(broker, at)
    const until = broker.fault.availableFrom
    wake(until, at)
    if (before > at || until <= at) return
    report({ type: 'broker-avoided', brokerName: broker.brokerName, forMs: until - at, latencyMs, reachable })
  }

  const others = sharedOutcomes(wiring, ({ brokerName, ok }) => {
    const broker = brokers.get(brokerName) // a stranger takes no memory
    if (broker !== undefined) apply(broker, { type: ok ? 'succeeded' : 'failed' }, scheduler.now())
  })
  const byEndpoint = (endpoint: string): Tracked | undefined => {
    for (const broker of brokers.values()) if (broker.endpoint === endpoint) return broker
    return undefined
  }
  closing$.subscribe({ next: () => waking.unsubscribe(), error: () => undefined }) // the life of the client

  return {
    get allWell() {
      return ill === 0
    },
    rank: brokerName => brokers.get(brokerName)?.rank ?? 0,
    of: brokerName => {
      const broker = brokers.get(brokerName)
      return broker && viewOf(broker)
    },
    table: snapshot,
    health$: defer(() => changes.pipe(auditTime(0, asap), startWith(undefined), map(snapshot))).pipe(
      distinctUntilChanged(),
      takeUntil(closing$),
    ),
    probes$: probes$(
      alarms.pipe(
        map(() =>
          [...brokers.values()].flatMap(({ rank, endpoint, standing }) =>
            (rank === 1 || rank === 2) && endpoint !== undefined ? [{ endpoint, healing: standing.successes > 0 }] : [],
          ),
        ),
        takeUntil(closing$),
      ),
      probeMs,
      scheduler,
    ),
    succeeded: (brokerName, latencyMs, at) => {
      const broker = tracked(brokerName)
      const { standing } = broker
      countSuccess(broker.counts, latencyMs, at)
      if (standing.state !== 'healthy' || standing.failures > 0) {
        others.publish(brokerName, true)
        apply(broker, { type: 'succeeded' }, at)
        if (standing.state === 'degraded') rerank(broker, at) // its rate has changed
      }
      if (avoidSlow) measure(broker, latencyMs, at, false, true)
      else changed(broker)
    },
    failed: (brokerName, error, latencyMs, at) => {
      if (!speaksAgainst(error)) return
      const broker = tracked(brokerName)
      countFailure(broker.counts, at)
      others.publish(brokerName, false)
      apply(broker, { type: 'failed' }, at, error)
      // As the official client: what answers with a refusal is not asked for the time being, what does not answer is
      // asked by probes before it counts as there again.
      if (avoidSlow) measure(broker, latencyMs, at, true, error.responseCode === undefined && probeMs === 0)
      else changed(broker)
    },
    beat: (endpoint, error) => {
      const broker = byEndpoint(endpoint)
      if (broker === undefined || (error !== undefined && !speaksAgainst(error))) return
      const at = scheduler.now()
      if (error !== undefined) return apply(broker, { type: 'beat-failed' }, at, error)
      if (broker.fault?.reachable === false) broker.fault = { ...broker.fault, reachable: true }
      apply(broker, { type: 'succeeded' }, at)
      if (broker.fault !== undefined) rerank(broker, at)
    },
    seen: route => {
      for (const { brokerName } of route.brokerDatas) {
        const endpoint = masterOf(route, brokerName)
        const broker = tracked(brokerName)
        if (endpoint === undefined || endpoint === broker.endpoint) continue
        broker.endpoint = endpoint
        changed(broker)
      }
    },
    suspend: (brokerName, forMs) => {
      const at = scheduler.now()
      apply(tracked(brokerName), { type: 'suspended', until: at + forMs }, at)
    },
    recover: brokerName => {
      const broker = brokers.get(brokerName)
      if (broker === undefined) return false
      broker.fault = undefined
      apply(broker, { type: 'recovered' }, scheduler.now())
      rerank(broker, scheduler.now())
      return true
    },
    resetCounts: () => {
      for (const broker of brokers.values()) {
        broker.counts = noCounts()
        rerank(broker, scheduler.now())
      }
    },
  }
}
