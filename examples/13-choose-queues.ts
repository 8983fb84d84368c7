import { BehaviorSubject } from 'rxjs'
import { codecs, createClient, message, queueKey, topic } from 'rocketmq-rxjs'
import type { QueueSelector, Select } from 'rocketmq-rxjs'
import { openCluster, perRun } from './cluster.ts'

/**
 * How a message finds its queue. A producer has a strategy, which may change while it lives; one send may have its own;
 * a strategy is a name or a function. `route` tells where a message would go, and why, without sending it.
 */
await using cluster = await openCluster()
await using client = createClient(cluster.config)
const jobs = topic(perRun('jobs'), codecs.json<{ n: number; weight: number }>())
const job = (n: number, weight = 1) => message(jobs, { n, weight }, { keys: [`job-${n}`] })

const strategy = new BehaviorSubject<Select>('round-robin')
const producer = client.producer({ group: perRun('foremen'), select: strategy })
await producer.send(job(0)) // now the topic exists

// 1. Asked, not sent: the rotation does not move, so the answer is what the next send does.
const planned = await producer.route(job(1))
const { queue } = await producer.send(job(1))
if (planned.ok) console.log(`by ${planned.strategy}: ${queueKey(planned.queue)}, and so it was: ${queueKey(queue)}`)

// 2. A strategy of one send: by the hash of the key, so the same key goes to the same queue, whatever is sent in between.
const first = await producer.send(job(7), { select: 'message-hash' })
await producer.send(job(8))
const again = await producer.send(job(7), { select: 'message-hash' })
console.log(`job 7 by the hash of its key: ${first.queue.queueId === again.queue.queueId ? 'one queue' : 'two queues'}`)

// 3. A selector of your own: heavy jobs have the last queue to themselves. It is asked for each attempt, and should look
// at `preferred` first: there, the brokers are well and have not failed this message.
const heavyApart: QueueSelector = ({ queues, preferred, message }) => {
  const { weight } = message?.body as { weight: number }
  const light = preferred.filter(({ queueId }) => queueId !== queues.at(-1)?.queueId)
  return weight > 10 ? queues.at(-1) : (light[0] ?? queues[0])
}

// 4. The strategy is switched while the producer lives: it sends on, and from the next message on it is the new one.
strategy.next(heavyApart)
const light = await producer.send(job(9))
const heavy = await producer.send(job(10, 50))
console.log(`a light job is in queue ${light.queue.queueId}, a heavy one in queue ${heavy.queue.queueId}`)

// 5. What is no queue is the error of that one send; a wrong strategy is an event, and the last good one stays.
const lost = await producer.sendOutcome(job(11), { select: () => undefined })
if (!lost.ok) console.log(`${lost.error.code}: ${lost.error.message}`)

strategy.next('round-robin')
await producer.send(job(12))
const { total, strategies } = producer.routingStats()
console.log(
  `${total} attempts routed: ${Object.entries(strategies)
    .map(([name, n]) => `${n} ${name}`)
    .join(', ')}`,
)
