import Long from 'long'
import { defer, Observable, throwError } from 'rxjs'
import type { SharedClient } from '../../client/shared-client.ts'
import { illegal } from '../../errors.ts'
import { answerAdmin } from './admin-requests.ts'
import { consumeStatus } from './consume-stats.ts'
import type { ConsumeMeter } from './consume-stats.ts'
import { consumedDirectly$ } from './direct.ts'
import type { HeldQueues } from '../queues/held-queues.ts'
import type { MemberView, QueueView } from './member-view.ts'
import type { ConsumerSettings } from '../options.ts'
import type { Handler } from '../queues/handler.ts'
import type { QueueProgress } from '../queues/queue-progress.ts'
import { settingsAsText } from './running-info.ts'
import type { Reading } from '../queues/reading.ts'
import type { Subscriptions } from '../subscriptions/subscriptions.ts'

export interface MemberStateOptions {
  readonly shared: Pick<SharedClient, 'nameServers' | 'runtime' | 'inbound' | 'namespace'>
  readonly settings: ConsumerSettings
  readonly held: HeldQueues
  readonly subscriptions: Pick<Subscriptions, 'data'>
  readonly meter: ConsumeMeter
  readonly handling: () => Handling
  readonly reading: Reading
  readonly commitNow: () => void
}

/** What is at work, and how much of it at once. */
export interface Handling {
  readonly handler: Handler | undefined
  readonly concurrency: () => number
}

/** Nobody handles: messages are taken as a stream. */
export const NO_HANDLER: Handling = { handler: undefined, concurrency: () => 0 }

/** Lets tools see a session, and answers them, while it is subscribed to. */
export const answering$ = (options: MemberStateOptions): Observable<never> =>
  new Observable(() => {
    const { inbound, namespace, runtime } = options.shared
    return answerAdmin({ inbound, namespace, scheduler: runtime.scheduler }, memberView(options))
  })

/** A session as tools see it. */
const memberView = (options: MemberStateOptions): MemberView => {
  const { shared, settings, held, subscriptions, meter, handling, reading, commitNow } = options
  const { group, ordering } = settings
  return {
    group,
    consumeType: subscriptions.data().consumeType,
    orderly: ordering === 'queue',
    startedAt: shared.runtime.scheduler.now(),
    get concurrency() {
      return handling().concurrency()
    },
    nameServers: () => shared.nameServers(),
    settings: () => settingsAsText(settings),
    subscriptions: () => subscriptions.data().subscriptions,
    queues: () => held.progress().map(toView),
    status: topic => consumeStatus(meter.rates(topic)),
    reset: offsets => {
      for (const { queue, offset } of offsets.values()) {
        const mine = held.get(queue)
        mine?.seek(offset)
        mine?.consumed(offset)
      }
      commitNow()
    },
    consumeDirectly$: stored =>
      defer(() => {
        const { handler } = handling()
        const why = `group "${group}" has no handler: it takes messages as a stream`
        return handler === undefined
          ? throwError(() => illegal(why))
          : consumedDirectly$(handler, reading.loose(stored))
      }),
  }
}

const toView = (at: QueueProgress): QueueView => ({
  queue: at.queue,
  commitPoint: at.commitPoint,
  nextOffset: at.nextOffset,
  oldest: at.oldest?.offset,
  newest: at.oldest === undefined ? undefined : at.nextOffset.subtract(Long.ONE),
  unsettled: at.unsettled,
  unsettledBytes: at.unsettledBytes,
  locked: at.locked,
  dropped: false,
  lastPullAt: at.lastPullAt ?? 0,
  lastConsumeAt: at.oldest?.startedAt ?? at.lastPullAt ?? 0,
})
