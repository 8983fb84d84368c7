import { randomInt } from 'node:crypto'
import { type Host, ipToBytes } from '../protocol/hosts.ts'
import { createUniqueIds } from '../protocol/messages/message-id.ts'
import { REQUESTS } from '../protocol/requests/requests.ts'
import { type Asks, createAsks } from './asks.ts'
import type { Connection } from './connection.ts'
import { createDelays } from './delays.ts'
import { createGroups, type Groups } from './groups.ts'
import { createHolds } from './holds.ts'
import { createLocks, type Locks } from './locks.ts'
import { createLog } from './log.ts'
import { createMembers, type Members } from './members.ts'
import { createOffsets, type Offsets } from './offsets.ts'
import { createPops, type Pops } from './pops.ts'
import type { ClusterPlan } from './options.ts'
import type { RouteTable } from './route-table.ts'
import { deliverDelayed, type Store } from './storing.ts'
import { createTimed } from './timed.ts'
import type { Timers } from './timers.ts'
import { createTopics } from './topics.ts'
import { createTransactions, type Transactions } from './transactions.ts'

/** Everything one broker knows: what its handlers work on. It survives a restart, but for members, locks and holds. */
export interface BrokerContext extends Store {
  readonly name: string
  readonly clusterName: string
  /** The advertised address, kept in every message. */
  readonly host: Host
  /** All brokers of the cluster that are up. */
  readonly routes: RouteTable
  readonly timers: Timers
  readonly groups: Groups
  readonly offsets: Offsets
  readonly members: Members
  readonly locks: Locks
  readonly transactions: Transactions
  /** By SQL92, not only by tags. */
  readonly filtersByProperties: boolean
  readonly pops: Pops
  /** Whether a reset is the broker's own work, or is told to the members. */
  readonly serverSideReset: boolean
  /** What clients were asked and have not answered. */
  readonly asks: Asks
  /** A whole number from 0 to below the limit. */
  readonly random: (limit: number) => number
  /** The id of a message whose sender gave it none. */
  readonly nextUniqueKey: () => string
}

export interface ContextOptions {
  readonly plan: ClusterPlan
  readonly name: string
  readonly port: number
  readonly routes: RouteTable
  readonly timers: Timers
}

/** Fails with ERR_RMQ_ILLEGAL when the advertised host is not an IP address. */
export const createContext = ({ plan, name, port, routes, timers }: ContextOptions): BrokerContext => {
  const host = { address: plan.advertisedHost, port }
  ipToBytes(host.address)
  const holds = createHolds(timers)
  const context: BrokerContext = {
    name,
    clusterName: plan.clusterName,
    host,
    routes,
    timers,
    topics: createTopics({
      clusterName: plan.clusterName,
      brokerName: name,
      autoCreateTopics: plan.autoCreateTopics,
      templateQueues: plan.templateQueues,
      delayLevels: plan.delayLevelsMs.length,
    }),
    groups: createGroups(),
    offsets: createOffsets(),
    members: createMembers(),
    locks: createLocks(timers.now),
    log: createLog({ maxBytes: plan.brokerStoreBytes, storeHost: host, now: timers.now }),
    delays: createDelays({
      levelsMs: plan.delayLevelsMs,
      timers,
      deliver: record => deliverDelayed(context, record),
    }),
    timed: createTimed({ timers, deliver: (record, more) => deliverDelayed(context, record, more) }),
    holds,
    pops: createPops(timers, holds, () => context),
    transactions: createTransactions(plan.transactions, () => context),
    filtersByProperties: plan.filtersByProperties,
    serverSideReset: plan.serverSideReset,
    asks: createAsks(timers),
    random: limit => Math.floor(Math.random() * limit),
    nextUniqueKey: createUniqueIds({
      ip: host.address,
      pid: process.pid,
      random32: randomInt(2 ** 32) | 0,
      now: timers.now,
    }),
  }
  return context
}

/** Tells the members of a group that the group has changed, so that they share its queues out anew. */
export const notifyMembers = ({ groups, members }: BrokerContext, name: string): void => {
  const group = members.group(name)
  if (group === undefined || group.messageModel === 'BROADCASTING') return
  if (groups.get(name)?.notifyConsumerIdsChangedEnable === false) return
  for (const connection of group.members.keys()) {
    connection.notify(REQUESTS.NOTIFY_CONSUMER_IDS_CHANGED.code, { consumerGroup: name })
  }
}

/** A connection is gone: with it its memberships and what it was waiting for. */
export const forgetConnection = (context: BrokerContext, connection: Connection): void => {
  context.holds.drop(connection)
  context.pops.holds.drop(connection)
  context.asks.drop(connection)
  for (const group of context.members.leaveAll(connection)) notifyMembers(context, group)
}
