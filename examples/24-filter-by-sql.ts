import { filter, firstValueFrom, lastValueFrom, map, take, toArray } from 'rxjs'
import { codecs, createClient, message, on, topic } from 'rocketmq-rxjs'
import { openCluster, perRun } from './cluster.ts'

/**
 * Brokers choose: by SQL92 on the properties of messages, which never see the wire otherwise. A broker allows it with
 * `enablePropertyFilter=true`, and is asked before the consumer joins. The filter may change while it runs.
 */
await using cluster = await openCluster()
await using client = createClient(cluster.config)
const parcels = topic(perRun('parcels'), codecs.text)
const send = async (text: string, region: string, grams: number) =>
  client.producer().send(message(parcels, text, { properties: { region, grams: String(grams) } }))

await send('a letter to Rome', 'eu', 20)
await send('a piano to Rome', 'eu', 300_000)
await send('a piano to Lima', 'sa', 300_000)
await send('a bicycle to Oslo', 'eu', 15_000)

const heavy = client.consumer({
  group: perRun('lorries'),
  subscribe: [on(parcels, { sql: "grams > 10000 AND region = 'eu'" })],
  startFrom: 'first',
})
const bodies$ = heavy.process$(() => undefined).pipe(map(({ delivery }) => delivery.message.body))
const loaded = await lastValueFrom(bodies$.pipe(take(2), toArray()))
console.log(`loaded: ${loaded.sort().join(', ')}`)

heavy.subscriptions.update(on(parcels, { sql: "region = 'sa'" })) // from now on
const later = firstValueFrom(bodies$.pipe(filter(body => body.includes('Lima'))))
await send('a sofa to Lima', 'sa', 90_000)
console.log(`then: ${await later}`)
