import { filter, firstValueFrom, map, take, timer, toArray } from 'rxjs'
import { codecs, createClient, message, on, topic } from 'rocketmq-rxjs'
import type { Decision, TransactionCheck } from 'rocketmq-rxjs'
import { openCluster, perRun } from './cluster.ts'

/**
 * An order and the message about it: both or none. The message is stored as a half that nobody sees, the order is written,
 * then the broker is told to show the message or to drop it. Where that stays open (the database does not answer, the
 * process dies) the broker asks `check` of any member of the group, which looks into the database.
 *
 * It is not a transaction across systems: an order may be written for a while before its message is seen, and a message
 * may come twice, with one id.
 */
interface Order {
  readonly orderId: string
  readonly userId: string
  readonly cents: number
}
class InvalidOrder extends Error {}

await using cluster = await openCluster({ transactionTimeOutMs: 500, transactionCheckIntervalMs: 500 })
await using client = createClient(cluster.config)
const orders = topic(perRun('orders'), codecs.json<Order>())

/** The database: it refuses what is not valid, and its answer about the third order gets lost. */
const database = new Map<string, 'PROCESSING' | 'COMPLETED' | 'FAILED'>()
const save = async ({ orderId, cents }: Order): Promise<string> => {
  if (cents <= 0) throw new InvalidOrder(`${orderId} costs nothing`)
  database.set(orderId, 'PROCESSING')
  await firstValueFrom(timer(20))
  database.set(orderId, 'COMPLETED')
  if (orderId === 'ORDER_12347') throw new Error('the connection to the database was lost')
  return `row of ${orderId}`
}

/** Must bear being asked again, and answer for orders of other processes. What it cannot tell it leaves for the next time. */
const check = ({ message: { properties } }: TransactionCheck): Decision => {
  const orderId = properties['order_id']
  if (orderId === undefined) return 'rollback'
  switch (database.get(orderId)) {
    case 'COMPLETED':
      return 'commit'
    case 'PROCESSING':
      return 'unknown'
    default:
      return 'rollback' // FAILED, or never written
  }
}

const producer = client.transactionalProducer({
  group: perRun('order-service'),
  check,
  onLocalError: error => (error instanceof InvalidOrder ? 'rollback' : 'unknown'), // an error is no proof of anything else
})
const byCheckBack = firstValueFrom(producer.checks$.pipe(filter(({ decision }) => decision === 'commit')))

for (const order of [
  { orderId: 'ORDER_12345', userId: 'user_1', cents: 9_900 },
  { orderId: 'ORDER_12346', userId: 'user_2', cents: 0 },
  { orderId: 'ORDER_12347', userId: 'user_1', cents: 4_900 },
]) {
  const { orderId, userId } = order
  const { decision, value, localError } = await producer.sendInTransaction(
    message(orders, order, { keys: [orderId], properties: { order_id: orderId, user_id: userId } }),
    () => save(order),
  )
  console.log(`${orderId}: ${decision}, ${localError instanceof Error ? localError.message : String(value)}`)
}

const { check: asked } = await byCheckBack
console.log(`${asked.message.keys.join()}: committed when the broker asked`)

const shipping = client.consumer({ group: perRun('shipping'), subscribe: [on(orders)], startFrom: 'first' })
const shipped = await firstValueFrom(
  shipping
    .process$(() => undefined)
    .pipe(
      map(({ delivery }) => delivery.message.body.orderId),
      take(2),
      toArray(),
    ),
)
console.log(`shipped: ${shipped.sort().join(', ')}`)
