import type { SharedClient } from '../../client/shared-client.ts'
import { fileOffsets } from './file-offsets.ts'
import type { OffsetStore } from './offset-store.ts'
import type { ConsumerSettings } from '../options.ts'
import { timedOffsets } from './timed-offsets.ts'

/** Where a consumer keeps how far it is: as it was told; else at the brokers, or in a file where each member is alone. */
export const storeOf = (
  { group, model, offsets }: Pick<ConsumerSettings, 'group' | 'model' | 'offsets'>,
  {
    configuredClientId,
    report,
    runtime,
    timing,
  }: Pick<SharedClient, 'configuredClientId' | 'report' | 'runtime' | 'timing'>,
  atBrokers: OffsetStore,
): OffsetStore => {
  const make = offsets ?? (model === 'broadcasting' ? fileOffsets() : undefined)
  if (make === undefined) return atBrokers
  const tell = (error: unknown): void => report({ type: 'consumer-failure', group, where: 'offsets', error })
  const limit = { timeoutMs: timing.requestTimeoutMs, scheduler: runtime.scheduler }
  return timedOffsets(make({ group, clientId: configuredClientId, report: tell }), limit)
}
