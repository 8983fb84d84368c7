import { filter, firstValueFrom } from 'rxjs'
import { codecs, createClient, message, on, topic } from 'rocketmq-rxjs'
import { openCluster, perRun } from './cluster.ts'

/**
 * A handler that fails: by default its message comes again later, after a delay that rises with each attempt (a broker's
 * levels begin with 10 s; the embedded one is told to hurry) and, after 16 of them, goes to the dead letters. The stream
 * goes on: a failure is a value in it, and an event in `failures$`.
 */
await using cluster = await openCluster({ delayLevels: Array(18).fill('200ms').join(' ') })
await using client = createClient({ ...cluster.config, logger: false }) // the failure is expected here
const payments = topic(perRun('payments'), codecs.json<{ cents: number }>())
await client.producer().send(message(payments, { cents: 500 }))

const consumer = client.consumer({ group: perRun('cashiers'), subscribe: [on(payments)], startFrom: 'first' })
const charge = (cents: number, attempt: number): void => {
  if (attempt === 1) throw new Error('the bank is not reachable')
  console.log(`charged ${cents} cents`)
}

const { delivery } = await firstValueFrom(
  consumer
    .process$(({ message: { body }, attempt }) => charge(body.cents, attempt))
    .pipe(
      filter(({ settlement, error, delivery: { attempt } }) => {
        if (error instanceof Error) console.log(`attempt ${attempt}: ${error.message}, ${settlement}`)
        return settlement === 'acked'
      }),
    ),
)

console.log(`attempt ${delivery.attempt} succeeded`)
