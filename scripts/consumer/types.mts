// The types as an application sees them, from an ES module.
import type { Observable } from 'rxjs'
import { codecs, createClient, isRocketError, Long, message, on, topic } from 'rocketmq-rxjs'
import type { Client, ClientConfig, Processed, SendResult } from 'rocketmq-rxjs'
import { startEmbeddedCluster } from 'rocketmq-rxjs/embedded'
import type { EmbeddedCluster } from 'rocketmq-rxjs/embedded'
import { decodeFrame, encodeFrame, requestFrame, REQUESTS } from 'rocketmq-rxjs/protocol'
import type { Frame } from 'rocketmq-rxjs/protocol'

interface Order {
  readonly id: number
}
const orders = topic('orders', codecs.json<Order>())

export const use = async (config: Omit<ClientConfig, 'nameServers'>): Promise<Long> => {
  const cluster: EmbeddedCluster = await startEmbeddedCluster({ topics: { orders: 4 } })
  const client: Client = createClient({ ...config, nameServers: cluster.nameServers })
  const sent$: Observable<SendResult> = client.producer().send$(message(orders, { id: 1 }))
  sent$.subscribe({ error: (error: unknown) => isRocketError(error) && error.code })

  const consumer = client.consumer({ group: 'billing', subscribe: [on(orders)] })
  const processed$: Observable<Processed> = consumer.process$(({ message: { body } }) => [body.id.toFixed()])
  processed$.subscribe()

  // @ts-expect-error: the values of this topic are orders
  client.producer().send$(message(orders, 'an order'))

  await client.close()
  return Long.ZERO
}

export const there: Frame = decodeFrame(encodeFrame(requestFrame(REQUESTS.GET_ROUTEINFO_BY_TOPIC.code)))
