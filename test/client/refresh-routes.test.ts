import { filter, firstValueFrom } from 'rxjs'
import { expect, it } from 'vitest'
import { startEmbeddedCluster } from '../../src/embedded/index.ts'
import { createClient, topic } from '../../src/index.ts'

it('learns of a topic that was just created when it is told to look again', async () => {
  await using cluster = await startEmbeddedCluster()
  await using client = createClient({ nameServers: cluster.nameServers, logger: false })
  const created = topic('created')
  const states: string[] = []
  const watching = client.routes$(created).subscribe(({ status }) => states.push(status))
  await firstValueFrom(client.routes$(created).pipe(filter(({ status }) => status === 'missing')))
  cluster.createTopic('created', { queues: 3 })
  client.refreshRoutes(created)
  const { publishQueues } = await firstValueFrom(
    client.routes$(created).pipe(filter(({ status }) => status === 'known')),
  )
  expect(publishQueues.map(({ queueId }) => queueId)).toEqual([0, 1, 2])
  expect(states).toEqual(['missing', 'known'])
  watching.unsubscribe()
})

it('forgets the route of a topic that is gone at once when it is told to, and believes it for a while otherwise', async () => {
  await using cluster = await startEmbeddedCluster({ topics: { orders: 1 } })
  await using client = createClient({ nameServers: cluster.nameServers, logger: false })
  const orders = topic('orders')
  const states: string[] = []
  const watching = client
    .routes$(orders)
    .subscribe(({ status, error }) => states.push(`${status} ${error?.code ?? ''}`))
  await firstValueFrom(client.routes$(orders).pipe(filter(({ status }) => status === 'known')))
  await cluster.killBroker()
  client.refreshRoutes(orders)
  await firstValueFrom(client.routes$(orders).pipe(filter(({ error }) => error !== undefined)))
  client.forgetRoute(orders)
  await firstValueFrom(client.routes$(orders).pipe(filter(({ status }) => status === 'missing')))
  expect(states).toEqual(['known ', 'known ERR_RMQ_ROUTE_NOT_FOUND', 'missing ERR_RMQ_ROUTE_NOT_FOUND'])
  watching.unsubscribe()
})
