// A message there and back through the embedded broker, as an ES module of an application.
import assert from 'node:assert/strict'
import { firstValueFrom, Observable, Subject } from 'rxjs'
import { codecs, createClient, message, on, topic } from 'rocketmq-rxjs'
import { startEmbeddedCluster } from 'rocketmq-rxjs/embedded'

const cluster = await startEmbeddedCluster({ topics: { greetings: 1 } })
const client = createClient({ nameServers: cluster.nameServers })
assert(client.events$ instanceof Observable, 'the package brought an rxjs of its own')

const greetings = topic('greetings', codecs.text)
const received = new Subject()
const first = firstValueFrom(received)
const consuming = client
  .consumer({ group: 'readers', subscribe: [on(greetings)], startFrom: 'first' })
  .process$(delivery => received.next(delivery.message.body))
  .subscribe({ error: error => received.error(error) })

await client.producer().send(message(greetings, 'hello'))
assert.equal(await first, 'hello')

consuming.unsubscribe()
await client.close()
await cluster.stop()
