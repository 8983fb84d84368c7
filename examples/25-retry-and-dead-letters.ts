import { Subject } from 'rxjs'
import { codecs, createClient, message, on, topic } from 'rocketmq-rxjs'
import type { Delivery } from 'rocketmq-rxjs'
import { openCluster, perRun } from './cluster.ts'

/**
 * What becomes of a message whose handler failed is a policy, decided per failure: again later, to the dead letters of the
 * group (`%DLQ%group`, for people to look at), or done. Tries are counted by the broker, whoever gets the message.
 */
class BadPayment extends Error {}

await using cluster = await openCluster({ delayLevels: Array(18).fill('100ms').join(' ') })
await using client = createClient({ ...cluster.config, logger: false }) // the failures are expected here
const payments = topic(perRun('payments'), codecs.json<{ id: string; cents: number }>())
for (const [id, cents] of Object.entries({ good: 500, flaky: 700, broken: -1, hopeless: 900 })) {
  await client.producer().send(message(payments, { id, cents }))
}

const charge = ({ message: { body }, attempt }: Delivery<string, { id: string; cents: number }>): void => {
  if (body.cents < 0) throw new BadPayment('a negative amount')
  if (body.id === 'hopeless' || (body.id === 'flaky' && attempt === 1)) throw new Error('the bank is not reachable')
}
const consumer = client.consumer({
  group: perRun('cashiers'),
  subscribe: [on(payments)],
  startFrom: 'first',
  retry: { maxAttempts: 1 }, // one redelivery; the default is 16
})
const ends = new Map<string, string>()
const allEnded = new Subject<void>()
await consumer
  .process$(charge, {
    // no later attempt would mend it; a policy of one's own may also call delivery.retryLater({ afterMs })
    onError: error => (error instanceof BadPayment ? 'dead-letter' : 'retry-later'),
    until: allEnded, // what is decided is done by brokers, too, before it ends
  })
  .forEach(({ delivery: { message, attempt }, settlement, error }) => {
    const { id } = message.body
    console.log(`${id}, attempt ${attempt}: ${settlement}${error instanceof Error ? ` (${error.message})` : ''}`)
    if (settlement !== 'retry-scheduled') ends.set(id, `${settlement} at attempt ${attempt}`)
    if (ends.size === 4) allEnded.next()
  })
console.log(
  [...ends]
    .map(([id, end]) => `${id} ${end}`)
    .sort()
    .join(', '),
)
