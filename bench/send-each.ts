import { defer, lastValueFrom, mergeMap, range, reduce, repeat } from 'rxjs'
import { message, topic } from '../src/index.ts'
import type { Producer } from '../src/index.ts'
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
  // not `mergeMap(f, n)` over a range: its buffer is an array that moves as a whole for each item taken
  return lastValueFrom(
    range(0, inFlight).pipe(
      mergeMap(() => next$.pipe(repeat(Math.ceil(count / inFlight)))),
      reduce((n: number) => n + 1, 0),
    ),
  )
}
