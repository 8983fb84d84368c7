import { BROKER_DEFAULTS } from '../protocol/server-defaults.ts'
import type { Holds } from './holds.ts'
import { type CheckPoints, createCheckPoints } from './pop-check-points.ts'
import { createPopHolds, type PopHolds } from './pop-holds.ts'
import { createPopOrders, type PopOrders } from './pop-orders.ts'
import { revive } from './pop-revive.ts'
import { createRequestModes, type RequestModes } from './request-modes.ts'
import type { Store } from './storing.ts'
import type { Timers } from './timers.ts'

/** What a broker remembers of groups that pop. All but what waits survives a restart. */
export interface Pops {
  readonly checkPoints: CheckPoints
  readonly orders: PopOrders
  readonly holds: PopHolds
  readonly modes: RequestModes
  /** Which of the broker's own queues tracks a pop: of no use here, but clients hand it back. */
  nextReviveQueueId(): number
}

export const createPops = (timers: Timers, holds: Holds, store: () => Store): Pops => {
  let pops = 0
  return {
    checkPoints: createCheckPoints(timers, (place, offset) => revive(store(), place, offset)),
    orders: createPopOrders(timers.now),
    holds: createPopHolds(timers, holds),
    modes: createRequestModes(),
    nextReviveQueueId: () => pops++ % BROKER_DEFAULTS.reviveQueueNum,
  }
}
