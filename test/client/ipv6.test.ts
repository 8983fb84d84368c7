import { firstValueFrom } from 'rxjs'
import { expect, it } from 'vitest'
import { startEmbeddedCluster } from '../../src/embedded/index.ts'
import { codecs, createClient, message, on, topic } from '../../src/index.ts'

it('sends to and receives from servers whose addresses are IPv6', async () => {
  await using cluster = await startEmbeddedCluster({ host: '::1', topics: { six: 1 } })
  await using client = createClient({ nameServers: cluster.nameServers, logger: false })
  const six = topic('six', codecs.text)
  const { offsetMessageId } = await client.producer().send(message(six, 'hello'))
  expect(offsetMessageId).toHaveLength(56) // 16 bytes of address, 4 of port, 8 of offset
  const consumer = client.consumer({ group: 'six', subscribe: [on(six)], startFrom: 'first' })
  const { delivery } = await firstValueFrom(consumer.process$(() => undefined))
  expect(delivery.message).toMatchObject({ body: 'hello', offsetMessageId })
  expect(delivery.message.storeHost).toMatch(/^\[::1\]:\d+$/)
  expect(cluster.brokers[0]).toMatch(/^\[::1\]:\d+$/)
})
