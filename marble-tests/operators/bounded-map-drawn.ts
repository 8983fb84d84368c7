/** Work and keys for pictures of boundedMap. */
import { map, timer } from 'rxjs'

/** Work that says its item after so many milliseconds; those not named take 4. */
export const takes =
  (milliseconds: Record<string, number> = {}) =>
  (item: string) =>
    timer(milliseconds[item] ?? 4).pipe(map(() => item))

/** Keys: a, b and c belong together, the others too. */
export const keyBy = (item: string) => ('abc'.includes(item) ? 'abc' : 'the others')
