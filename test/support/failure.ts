import { isObservable, lastValueFrom } from 'rxjs'
import type { Observable } from 'rxjs'
import { isRocketError } from '../../src/index.ts'
import type { RocketError } from '../../src/index.ts'

/** The RocketError that an operation ends with; if it ends otherwise, the test fails. */
export const failureOf = async (operation: Promise<unknown> | Observable<unknown>): Promise<RocketError> => {
  const running = isObservable(operation) ? lastValueFrom(operation, { defaultValue: undefined }) : operation
  const error: unknown = await running.then(
    value => new Error(`a failure was expected, not ${JSON.stringify(value)}`),
    (cause: unknown) => cause,
  )
  if (isRocketError(error)) return error
  throw error
}

/** The RocketError that a call throws at once. */
export const thrownBy = (call: () => unknown): RocketError => {
  let result: unknown
  try {
    result = call()
  } catch (error) {
    if (isRocketError(error)) return error
    throw error
  }
  throw new Error(`a RocketError was expected to be thrown, not ${String(result)} to be returned`)
}
