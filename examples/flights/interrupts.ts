import { fromEvent, ReplaySubject, throttleTime } from 'rxjs'
import type { Observable } from 'rxjs'

/** The exit code after Ctrl-C, as shells have it: 128 + the number of the signal. */
export const INTERRUPTED = 130

const wishes = new ReplaySubject<void>(1)
let count = 0

/** Ctrl-C: a wish to stop in order. Replays. A second one ends the process. */
export const interrupted$: Observable<void> = wishes.asObservable()
export const wasInterrupted = (): boolean => count > 0

// Those of one moment are one: npm passes on the signal that the terminal gives to both.
void fromEvent(process, 'SIGINT')
  .pipe(throttleTime(300))
  .forEach(() => {
    if (++count > 1) process.exit(INTERRUPTED)
    wishes.next()
  })
