import { firstValueFrom } from 'rxjs'
import { codecs, createClient, message, on, queueKey, topic } from 'rocketmq-rxjs'
import { openCluster, perRun } from './cluster.ts'

/**
 * Messages that are asked for. A pull consumer is a member of its group that says itself when it wants more and how far
 * it is; `pull` reads a queue without any group; `fetch` takes some deliveries and leaves; `for await` takes them one by one.
 */
await using cluster = await openCluster()
await using client = createClient(cluster.config)
const jobs = topic(perRun('jobs'), codecs.json<number>())
const producer = client.producer()
const send = (n: number) => producer.send(message(jobs, n), { select: ({ queues }) => queues[0] })
const { queue } = await send(1)
for (let n = 2; n <= 40; n++) await send(n) // all in that queue

// 1. A member that polls. Nothing is committed but by `commit`: what was worked on, and not what was handed out.
const careful = client.pullConsumer({
  group: perRun('careful'),
  subscribe: [on(jobs)],
  startFrom: 'first',
  autoCommit: false,
})
let polled = 0
while (polled < 40) {
  const page = await careful.poll() // empty after 5 s without messages
  polled += page.length
  await careful.commit() // the page is worked on
}
console.log(`polled ${polled} jobs; after that ${(await careful.poll(100)).length}`)

// 2. Back to a place, and on from there. The other queues have no offset 30: without a list it would be refused.
await careful.seek(30, [queue])
const [again] = await careful.poll()
console.log(`queue ${queue.queueId} again from 30: job ${again?.body}`)
await careful.close()

// 3. Chosen queues, whoever else has them, and others later.
const queues = await firstValueFrom(client.queues$(jobs))
const chooser = client.pullConsumer({
  group: perRun('choosers'),
  subscribe: [on(jobs)],
  startFrom: 'first',
  assign: queues.filter(one => queueKey(one) !== queueKey(queue)), // all but the one with the jobs
})
const before = await chooser.poll(300)
chooser.assign([queue])
const after = await chooser.poll()
console.log(`${before.length} jobs in the others, then ${after.length > 0 ? 'some' : 'none'} in that one`)
await chooser.close()

// 4. One pull: no group, no memory.
const { messages, nextOffset } = await client.pull(queue, { offset: 10, max: 5, codec: jobs.codec })
console.log(`jobs ${messages.map(({ body }) => body).join(' ')}, go on at ${nextOffset.toString()}`)

// 5. Some deliveries, for a program that does not stay; the rest one by one, until it is enough.
const consumer = client.consumer({ group: perRun('visitors'), subscribe: [on(jobs)], startFrom: 'first' })
const fetched = await consumer.fetch({ max: 10 })
for (const delivery of fetched) delivery.ack()
await firstValueFrom(consumer.drain$()) // it has left
let looped = 0
for await (const delivery of consumer.messages()) {
  delivery.ack()
  if (++looped === 30) break
}

console.log(`${polled} polled, ${fetched.length} fetched, ${looped} one by one`)
