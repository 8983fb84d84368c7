import { map, Subject, throttleTime } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import { decodeFailed } from '../errors.ts'
import type { RocketError } from '../errors.ts'

/** Between complaints, ms. */
const COMPLAINT_MS = 10_000

/** Messages that are no outcomes: the first is told at once, those after it together, however many there are. */
export const createComplaints = (
  topic: string,
  scheduler: SchedulerLike,
): { readonly add: (why: string) => void; readonly complaints$: Observable<RocketError> } => {
  const reasons = new Subject<string>()
  let count = 0
  return {
    add: why => {
      count++
      reasons.next(why)
    },
    complaints$: reasons.pipe(
      throttleTime(COMPLAINT_MS, scheduler, { leading: true, trailing: true }),
      map(why => {
        const told = `${count} messages of topic "${topic}" were ignored: the last one ${why}`
        count = 0
        return decodeFailed(told, { topic, advice: 'give this topic to coordinators alone' })
      }),
    ),
  }
}
