/** The health of brokers for tests of what uses it: without a coordinator, on the ambient clock. */
import { asapScheduler, asyncScheduler, NEVER } from 'rxjs'
import { createHealth, type Health, type HealthWiring } from '../../src/client/health.ts'
import { resolveHealth, type HealthOptions } from '../../src/client/health-options.ts'
import { SILENT } from '../../src/observability/events.ts'

export const aHealth = (options: Partial<HealthOptions> = {}, wiring: Partial<HealthWiring> = {}): Health =>
  createHealth({
    clientId: 'me',
    options: resolveHealth(options),
    coordinator: undefined,
    closing$: NEVER,
    report: SILENT,
    scheduler: asyncScheduler,
    asap: asapScheduler,
    ...wiring,
  })
