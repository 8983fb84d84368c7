import { defer, firstValueFrom, from, lastValueFrom, retry, throwError, timer, toArray } from 'rxjs'
import { codecs, createClient, isRocketError, message, on, topic } from 'rocketmq-rxjs'
import type { ErrorCode, RocketError } from 'rocketmq-rxjs'
import { startEmbeddedCluster } from 'rocketmq-rxjs/embedded'
import { REQUESTS, RESPONSE } from 'rocketmq-rxjs/protocol'
import { perRun } from './cluster.ts'

/**
 * Three layers. The producer repeats by itself what a broker refuses for a moment. Above it the program decides by
 * `error.code` and `retriable`: wait and try again, or not. What remains goes to a topic for dead letters, with the reason.
 * Always on the embedded cluster, because the brokers must fail on demand.
 */
await using cluster = await startEmbeddedCluster()
await using client = createClient({ nameServers: cluster.nameServers, logger: false }) // the failures are expected
const orders = topic(perRun('orders'), codecs.text)
const dead = topic(perRun('dead_orders'), codecs.text)
for (const { name } of [orders, dead]) cluster.createTopic(name)
const producer = client.producer({ group: perRun('shop'), retries: 0, maxMessageBytes: 1_000 })

// What to do about it: the code says what happened, `sent` whether it may have happened all the same.
const ADVICE: Partial<Record<ErrorCode, string>> = {
  ERR_RMQ_TOO_LARGE: 'change the message',
  ERR_RMQ_OVERFLOW: 'slow down',
  ERR_RMQ_TIMEOUT: 'try again',
}
const whatToDo = ({ code, sent }: RocketError): string =>
  `${ADVICE[code] ?? 'ask an operator'}${sent === 'maybe' ? ', and expect a duplicate' : ''}`

// 1. Again after 20, 40, 80 ms, but only what may succeed later. The id is made by `send$`, so all tries have the same.
let tries = 0
const patiently$ = (text: string) => {
  const sending$ = producer.send$(message(orders, text))
  return defer(() => {
    tries++
    return sending$
  }).pipe(
    retry({
      count: 3,
      delay: (error: unknown, n) =>
        isRocketError(error) && error.retriable ? timer(10 * 2 ** n) : throwError(() => error),
    }),
  )
}
const { code } = REQUESTS.SEND_MESSAGE_V2
cluster.faults.refuse(code, RESPONSE.SYSTEM_BUSY, 2)
await lastValueFrom(patiently$('a small order'))
console.log(`stored by try ${tries}`)

tries = 0
await lastValueFrom(patiently$('#'.repeat(2_000))).catch((error: unknown) => {
  if (isRocketError(error)) console.log(`${error.code}: ${tries} try, ${whatToDo(error)}`)
})

// 2. In a stream: what cannot be stored is put aside, with the reason, and the stream goes on. Here the broker forbids one.
cluster.faults.refuse(code, RESPONSE.NO_PERMISSION, 1)
const outcomes = await lastValueFrom(
  from(['one', 'two', 'three']).pipe(
    producer.sendAll(text => message(orders, text), { concurrency: 1, onError: { deadLetter: dead } }),
    toArray(),
  ),
)
for (const outcome of outcomes) {
  console.log(outcome.ok ? `${outcome.input}: stored` : `${outcome.input}: ${whatToDo(outcome.error)}`)
}

// 3. Whoever looks after the dead letters finds the order, where it should have gone, and why it is not there.
const undertaker = client.consumer({ group: perRun('undertakers'), subscribe: [on(dead)], startFrom: 'first' })
const { delivery } = await firstValueFrom(undertaker.process$(() => undefined))
const { body, properties } = delivery.message
const stored = outcomes.filter(({ ok }) => ok).length
console.log(`${stored} stored, and order ${body} is a dead letter because of ${properties['deadLetterCode']}`)
