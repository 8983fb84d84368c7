import { lastValueFrom } from 'rxjs'
import { codecs, createClient, message, on, replyWith, topic } from 'rocketmq-rxjs'
import { openCluster, perRun } from './cluster.ts'

/**
 * A question and its answer, through a topic: whoever consumes the request replies to it, and the reply comes back to the
 * client that asked. The request is acknowledged once the reply was handed over. `onError: 'ack'`: a request that cannot
 * be answered is not tried again later, because nobody waits for it then.
 */
const sums = topic(perRun('sums'), codecs.json<{ a: number; b: number }>())
await using cluster = await openCluster({ topics: { [sums.name]: 4 } })
await using client = createClient(cluster.config)
const answers = topic('answers', codecs.json<{ sum: number }>())
const producer = client.producer()

const adders = client.consumer({ group: perRun('adders'), subscribe: [on(sums)], startFrom: 'first' })
const adding$ = adders.process$(
  replyWith(producer, answers.codec, ({ message: { body } }) => [{ sum: body.a + body.b }]),
  { onError: 'ack' },
)
const adding = lastValueFrom(adding$)

const questions = [1, 2, 3].map(n => message(sums, { a: n, b: 10 * n }))
const replies = await Promise.all(questions.map(question => producer.request(question, answers, { timeoutMs: 10_000 })))
await adders.close() // what they have in hand they finish
await adding

console.log(replies.map(({ body }, n) => `${n + 1} + ${10 * (n + 1)} = ${body.sum}`).join(', '))
