import { firstValueFrom, of } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { createAddressMap } from '../../src/client/address-map.ts'
import type { NameServer } from '../../src/nameserver/name-server.ts'
import { aBroker, aRoute } from '../support/builders.ts'

const nameServer: NameServer = {
  topicRoute$: () =>
    of({
      ...aRoute({ a: '172.17.0.2:10911' }),
      brokerDatas: [
        aBroker('a', '', {
          brokerAddrs: new Map([
            [0, '172.17.0.2:10911'],
            [1, '172.17.0.3:10911'],
          ]),
        }),
      ],
    }),
  clusterInfo$: () =>
    of({ brokers: new Map([['a', aBroker('a', '172.17.0.2:10911')]]), clusters: new Map([['c', ['a']]]) }),
}
const reachable = (address: string) => address.replace(/^172\.17\.0\.(\d):/, '127.0.0.1:$1')

describe('an address map', () => {
  it('replaces the addresses of masters and replicas in routes, and leaves the rest', async () => {
    const route = await firstValueFrom(createAddressMap(nameServer, reachable).topicRoute$('t'))
    expect([...route.brokerDatas[0]!.brokerAddrs]).toEqual([
      [0, '127.0.0.1:210911'],
      [1, '127.0.0.1:310911'],
    ])
    expect(route.queueDatas).toEqual(aRoute({ a: '' }).queueDatas)
  })

  it('replaces the addresses of the cluster, too', async () => {
    const { brokers, clusters } = await firstValueFrom(createAddressMap(nameServer, reachable).clusterInfo$())
    expect([...brokers.get('a')!.brokerAddrs]).toEqual([[0, '127.0.0.1:210911']])
    expect([...clusters]).toEqual([['c', ['a']]])
  })

  it('is nothing where none is given', () => {
    expect(createAddressMap(nameServer, undefined)).toBe(nameServer)
  })
})
