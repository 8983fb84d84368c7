import { from, type ObservableInput } from 'rxjs'
import { isRocketError } from '../../src/errors.ts'
import { boundedMap, type BoundedMapOptions } from '../../src/operators/bounded-map.ts'

/** What comes out, put together as it comes. */
export const collected = <T, R>(
  source: ObservableInput<T>,
  work: (item: T) => ObservableInput<R>,
  options: BoundedMapOptions<T, R>,
) => {
  const heard: { values: R[]; end: unknown } = { values: [], end: undefined }
  from(source)
    .pipe(boundedMap(work, options))
    .subscribe({
      next: value => heard.values.push(value),
      error: (error: unknown) => (heard.end = isRocketError(error) ? error.code : error),
      complete: () => (heard.end = 'complete'),
    })
  return heard
}
