import type { FaultPlan } from './faults.ts'
import { NAME_SERVER_HANDLERS } from './handlers/routes.ts'
import type { ClusterPlan } from './options.ts'
import { createRouteTable, type RouteTable } from './route-table.ts'
import { listen, serve } from './server.ts'
import { createTimers } from './timers.ts'

export interface NameServer extends RouteTable {
  readonly address: string
  stop(): Promise<void>
}

export const startNameServer = async (plan: ClusterPlan, faults: FaultPlan): Promise<NameServer> => {
  const table = createRouteTable()
  const timers = createTimers(plan.scheduler)
  const { listener, port } = await listen(plan.host, plan.nameServerPort)
  const server = serve(listener, {
    context: table,
    handlers: NAME_SERVER_HANDLERS,
    faults,
    timers,
    idleMs: plan.idleMs,
  })
  return {
    ...table,
    address: advertised(plan, port),
    stop: async () => {
      timers.stop()
      await server.kill()
    },
  }
}

/** `host:port` of a server as clients reach it, IPv6 in brackets. */
export const advertised = ({ advertisedHost }: Pick<ClusterPlan, 'advertisedHost'>, port: number): string =>
  advertisedHost.includes(':') ? `[${advertisedHost}]:${port}` : `${advertisedHost}:${port}`
