import type { Server as Listener } from 'node:net'
import { closed, illegal } from '../errors.ts'
import { GROUP_DEFAULTS, MAX_QUEUES } from '../protocol/bodies/bodies.ts'
import { checkGroup, checkTopic } from '../protocol/names.ts'
import { readStoredMessages, type StoredMessage } from '../protocol/messages/stored-message.ts'
import { type BrokerContext, createContext, forgetConnection } from './broker-context.ts'
import { authenticate } from './authenticate.ts'
import type { FaultPlan } from './faults.ts'
import { BROKER_HANDLERS } from './handlers/broker-handlers.ts'
import { advertised } from './name-server.ts'
import { type ClusterPlan, whole } from './options.ts'
import type { RouteTable } from './route-table.ts'
import { listen, serve, type Server } from './server.ts'
import { createTimers } from './timers.ts'
import { READ_WRITE } from './topics.ts'

/** One master broker: a store that lives as long as the cluster, and a server that comes and goes. */
export interface Broker {
  /** `host:port` as clients reach it; the same after every restart. */
  readonly address: string
  readonly context: BrokerContext
  /** Brings the broker back with its store. */
  restart(): Promise<void>
  /** Gone at once, as a killed process is. */
  kill(): Promise<void>
  /** Leaves in order. */
  stop(): Promise<void>
  pause(): void
  resume(): void
}

export interface BrokerOptions {
  readonly plan: ClusterPlan
  readonly name: string
  readonly port: number
  readonly faults: FaultPlan
  readonly routes: RouteTable
}

/** A member that sent no heartbeat for so long is thrown out with its connection, as official brokers do. */
const HEARTBEAT_EXPIRES_MS = 120_000
const HEARTBEAT_SCAN_MS = 10_000
/** An orderly stop does not wait longer for clients that do not read. */
const STOP_PATIENCE_MS = 200

export const startBroker = async ({ plan, name, port, faults, routes }: BrokerOptions): Promise<Broker> => {
  const timers = createTimers(plan.scheduler)
  const first = await listen(plan.host, port)
  const context = createContext({ plan, name, port: first.port, routes, timers })
  const address = advertised(plan, first.port)
  let server: Server
  let up = false
  let starts = 0

  const open = (listener: Listener) => {
    server = serve(listener, {
      context,
      handlers: BROKER_HANDLERS,
      faults,
      timers,
      idleMs: plan.idleMs,
      refuse: plan.users && authenticate(plan.users),
      onAnswer: (answer, connection) => context.asks.answered(answer, connection),
      onLeave: connection => forgetConnection(context, connection),
    })
    up = true
    context.delays.start()
    context.transactions.start()
    context.timed.start()
    context.pops.checkPoints.start()
    timers.after(HEARTBEAT_SCAN_MS, dropSilentMembers)
    routes.register({ name, clusterName: plan.clusterName, address, topics: context.topics })
  }

  const dropSilentMembers = () => {
    for (const connection of context.members.silentSince(timers.now() - HEARTBEAT_EXPIRES_MS)) connection.close()
    timers.after(HEARTBEAT_SCAN_MS, dropSilentMembers)
  }

  /** The process is gone: what lives only in it goes too. */
  const leave = () => {
    up = false
    starts += 1
    routes.unregister(name)
    context.delays.stop()
    context.transactions.stop()
    context.timed.stop()
    context.pops.checkPoints.stop()
    context.asks.clear()
    context.holds.clear()
    context.pops.holds.clear()
    context.members.clear()
    context.locks.clear()
    timers.stop()
  }

  open(first.listener)
  return {
    address,
    context,
    restart: async () => {
      if (up) throw illegal(`${name} runs: kill or stop it before it is restarted`)
      starts += 1
      const mine = starts
      const { listener } = await listen(plan.host, first.port)
      if (mine === starts) {
        open(listener)
      } else {
        listener.close()
        throw closed(name)
      }
    },
    kill: () => {
      leave()
      return server.kill()
    },
    stop: async () => {
      leave()
      const leaving = server
      const patience = timers.after(STOP_PATIENCE_MS, () => void leaving.kill())
      await leaving.end()
      patience.cancel()
    },
    pause: () => {
      if (!up) return
      server.pause()
      timers.pause()
    },
    resume: () => {
      if (!up) return
      server.resume()
      timers.resume()
    },
  }
}

/** Creates or changes a topic; ERR_RMQ_ILLEGAL for a name that brokers refuse. */
export const setTopic = ({ topics }: BrokerContext, name: string, queues: number): void => {
  checkTopic(name)
  if (topics.isReserved(name)) throw illegal(`topic "${name}" belongs to the broker`, { topic: name })
  whole(`queues of topic ${name}`, queues, 1, MAX_QUEUES)
  topics.set({ name, readQueues: queues, writeQueues: queues, perm: READ_WRITE })
}

/** Creates or changes a consumer group; ERR_RMQ_ILLEGAL for a name that brokers refuse. */
export const setGroup = ({ groups }: BrokerContext, name: string, retryMaxTimes: number): void => {
  checkGroup(name)
  whole(`retryMaxTimes of group ${name}`, retryMaxTimes, 0, 2 ** 31 - 1)
  groups.set({ ...GROUP_DEFAULTS, ...groups.get(name), groupName: name, retryMaxTimes })
}

export const storedIn = ({ log }: BrokerContext, topic: string): readonly StoredMessage[] =>
  readStoredMessages(Buffer.concat(log.records(topic).map(record => record.bytes))).messages
