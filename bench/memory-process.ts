import { delay, interval, lastValueFrom, of, take, tap } from 'rxjs'
import { createClient, on, topic } from '../src/index.ts'
import type { MemoryAsk, MemoryReport } from './memory.ts'
import { usedMemory } from './used-memory.ts'

/** A consumer with a slow handler, alone in its process: told what to consume, it reports what it took. */
const consume = async ({ nameServers, topicName, group, count }: MemoryAsk): Promise<MemoryReport> => {
  await using client = createClient({ nameServers })
  const consumer = client.consumer({ group, subscribe: [on(topic(topicName))], startFrom: 'first' })
  const before = usedMemory()
  let received = 0
  const done = lastValueFrom(
    consumer
      .process$(() => of(undefined).pipe(delay(1)), { concurrency: 32 })
      .pipe(
        tap(() => received++),
        take(count),
      ),
  )
  let peak = before
  const looking = interval(20).subscribe({
    next: i => {
      peak = Math.max(peak, usedMemory())
      if (i % 50 === 0) process.send?.({ received })
    },
    error: () => undefined, // an interval has none
  })
  await done
  looking.unsubscribe()
  return { received, before, peak }
}

process.once('message', (ask: MemoryAsk) => {
  void consume(ask).then(report => {
    process.send?.(report)
    process.disconnect()
  })
})
