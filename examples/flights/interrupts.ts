import { fromEvent, map, ReplaySubject, share, throttleTime } from 'rxjs'

/** The exit code after Ctrl-C, as shells have it: 128 + the number of the signal. */
export const INTERRUPTED = 130

let wishes = 0
export const wasInterrupted = (): boolean => wishes > 0

/**
 * Ctrl-C: the first is a wish to stop in order, and replays; the second ends the process. Those of one moment are one,
 * because npm passes on the signal that the terminal gives to both.
 */
export const interrupted$ = fromEvent(process, 'SIGINT').pipe(
  throttleTime(300),
  map(() => {
    if (++wishes > 1) process.exit(INTERRUPTED)
  }),
  share({ connector: () => new ReplaySubject(1), resetOnRefCountZero: false }),
)
