import { illegal } from '../errors.ts'
import { wrong } from './problems.ts'

/** A name that no option of this set has is ERR_RMQ_ILLEGAL: a slip of the pen must not mean the default. */
export const checkNames = (set: string, given: object, all: object): void => {
  for (const name in given) {
    if (!Object.hasOwn(all, name)) wrong(illegal(`${set}.${name} is not an option`), undefined)
  }
}
