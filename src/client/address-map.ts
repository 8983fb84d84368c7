import { map } from 'rxjs'
import type { NameServer } from '../nameserver/name-server.ts'
import type { BrokerData } from '../protocol/bodies/bodies.ts'

/** A name server whose answers lead to addresses that are reachable from here. */
export const createAddressMap = (
  nameServer: NameServer,
  addressMap: ((address: string) => string) | undefined,
): NameServer => {
  if (addressMap === undefined) return nameServer
  const mapped = (broker: BrokerData): BrokerData => ({
    ...broker,
    brokerAddrs: new Map([...broker.brokerAddrs].map(([id, address]) => [id, addressMap(address)])),
  })
  return {
    topicRoute$: topic =>
      nameServer.topicRoute$(topic).pipe(map(route => ({ ...route, brokerDatas: route.brokerDatas.map(mapped) }))),
    clusterInfo$: () =>
      nameServer
        .clusterInfo$()
        .pipe(
          map(info => ({ ...info, brokers: new Map([...info.brokers].map(([name, data]) => [name, mapped(data)])) })),
        ),
  }
}
