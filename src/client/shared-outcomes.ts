import { takeUntil } from 'rxjs'
import type { Observable } from 'rxjs'
import type { Report } from '../observability/events.ts'
import type { BrokerOutcome, RouteCoordinator } from './route-coordinator.ts'

export interface Sharing {
  readonly clientId: string
  readonly coordinator: RouteCoordinator | undefined
  readonly closing$: Observable<unknown>
  readonly report: Report
}

/** Tells others what this client saw, and hears what they saw. What a coordinator does wrong is told, and harms nobody. */
export const sharedOutcomes = (
  { clientId, coordinator, closing$, report }: Sharing,
  hear: (outcome: BrokerOutcome) => void,
): { readonly publish: (brokerName: string, ok: boolean) => void } => {
  const failed = (error: unknown): void => report({ type: 'coordinator-failed', error })
  coordinator?.outcomes$.pipe(takeUntil(closing$)).subscribe({
    next: outcome => {
      if (isOutcome(outcome) && outcome.clientId !== clientId) hear(outcome)
    },
    error: failed,
  })
  coordinator?.failures$?.pipe(takeUntil(closing$)).subscribe({ next: failed, error: failed })
  return {
    publish: (brokerName, ok) => {
      try {
        coordinator?.publish({ clientId, brokerName, ok })
      } catch (error) {
        failed(error)
      }
    },
  }
}

/** It may come from another process, and anything may come from there. */
const isOutcome = (given: unknown): given is BrokerOutcome => {
  if (typeof given !== 'object' || given === null) return false
  const { clientId, brokerName, ok } = given as Partial<Record<keyof BrokerOutcome, unknown>>
  return typeof clientId === 'string' && typeof brokerName === 'string' && typeof ok === 'boolean'
}
