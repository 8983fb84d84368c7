import { defer, lastValueFrom } from 'rxjs'
import { message, topic } from '../src/index.ts'
import type { Producer } from '../src/index.ts'
import { counted, inFlight$ } from './in-flight.ts'
import type { Load } from './load.ts'

/** Sends by `send$`, so many on the way at once. */
export const sendEach = (
  producer: Producer,
  { topic: name, body }: Load,
  count: number,
  inFlight: number,
): Promise<number> => {
  const of = topic(name)
  const next$ = defer(() => producer.send$(message(of, body)))
  return lastValueFrom(inFlight$(next$, count, inFlight).pipe(counted()))
}
