import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { count, lastValueFrom } from 'rxjs'
import { codecs, createClient, message, topic } from 'rocketmq-rxjs'
import { openCluster, perRun } from './cluster.ts'

/**
 * From what can be asked — arrays, generators, Node streams — `sendFrom$` takes the next item only when a send has become
 * free: a file of any size is sent in constant memory. This one sends itself, line by line.
 */
await using cluster = await openCluster()
await using client = createClient(cluster.config)
const lines = topic(perRun('lines'), codecs.text)

let read = 0
async function* linesOf(file: URL) {
  for await (const line of createInterface({ input: createReadStream(file) })) {
    if (line === '') continue // a message has at least one byte
    read++
    yield line
  }
}

const sent$ = client
  .producer()
  .sendFrom$(linesOf(new URL(import.meta.url)), line => message(lines, line), { concurrency: 8 })
const sent = await lastValueFrom(sent$.pipe(count()))

console.log(`read ${read} lines, stored ${sent}`)
