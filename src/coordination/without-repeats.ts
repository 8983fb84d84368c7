import { isRocketError } from '../errors.ts'

/** How long nothing more of a kind is told, ms. */
const REPEAT_MS = 10_000

/** What goes wrong again and again, such as every message while all brokers are down, is told once in a while. */
export const withoutRepeats = (tell: (error: unknown) => void, now: () => number): ((error: unknown) => void) => {
  const toldAt = new Map<string, number>() // by code: there are not many
  return error => {
    const kind = isRocketError(error) ? error.code : 'of others'
    const at = now()
    if (at - (toldAt.get(kind) ?? -Infinity) < REPEAT_MS) return
    toldAt.set(kind, at)
    tell(error)
  }
}
