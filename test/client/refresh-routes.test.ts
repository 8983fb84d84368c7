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
