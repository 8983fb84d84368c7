import { from } from 'rxjs'
import type { ObservableInput } from 'rxjs'
import { expected, optionsOf } from '../../client/check-kinds.ts'
import { checkNames } from '../../client/check-names.ts'
import { collected } from '../../client/problems.ts'

/** What `messages$` and `queues$` may be told. */
export interface ReceiveOptions {
  /** When it emits: pull nothing more, wait for what is in hand (at most `timing.drainMs`), commit, leave, complete. */
  readonly until?: ObservableInput<unknown>
}

/** Whether rxjs can subscribe to it. A text is not meant, though it could. */
export const isObservableInput = (value: unknown): value is ObservableInput<unknown> => {
  if (typeof value !== 'object' && typeof value !== 'function') return false
  try {
    void from(value as ObservableInput<unknown>)
    return true
  } catch {
    return false
  }
}

export const checkUntil = (until: unknown): void =>
  expected('until', until, until === undefined || isObservableInput(until), 'an Observable, a Promise or the like')

/** Checked; what is wrong is ERR_RMQ_ILLEGAL and names itself. */
export const resolveReceiveOptions = (given: ReceiveOptions | undefined): ReceiveOptions =>
  collected('receiving', () => {
    const options = optionsOf('options', given)
    checkNames('receive', options, { until: 0 })
    checkUntil(options.until)
    return options
  })
