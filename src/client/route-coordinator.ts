import { Subject } from 'rxjs'
import type { Observable } from 'rxjs'

/** What came of a request to a broker, for other clients to know. */
export interface BrokerOutcome {
  /** The client that saw it. */
  readonly clientId: string
  readonly brokerName: string
  readonly ok: boolean
}

/**
 * How clients share what they see of brokers, across processes if you carry it there. Published is what may change a
 * broker's state: each failure, and successes while it is not well; never what came from others. Outcomes of brokers that
 * a client does not know are ignored there.
 */
export interface RouteCoordinator {
  /** Must return at once. What it throws is reported, and otherwise ignored. */
  publish(outcome: BrokerOutcome): void
  /** What others saw; a client ignores its own. Its end ends only the sharing. */
  readonly outcomes$: Observable<BrokerOutcome>
  /** What goes wrong without ending the sharing: told as the event `coordinator-failed`. Default: nothing does. */
  readonly failures$?: Observable<unknown>
}

/** Lets the clients of this process share what they see: give the same one to each. It keeps nothing. */
export const createRouteCoordinator = (): RouteCoordinator => {
  const outcomes = new Subject<BrokerOutcome>()
  return { publish: outcome => outcomes.next(outcome), outcomes$: outcomes.asObservable() }
}
