import { illegal } from '../errors.ts'

/** A name that no option of this set has is ERR_RMQ_ILLEGAL: a slip of the pen must not mean the default. */
export const checkNames = (set: string, given: object, all: object): void => {
  const unknown = Object.keys(given).find(name => !Object.hasOwn(all, name))
  if (unknown !== undefined) throw illegal(`${set}.${unknown} is not an option`)
}
