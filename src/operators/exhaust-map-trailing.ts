import { from, Observable, type ObservableInput, type OperatorFunction, type Subscriber } from 'rxjs'
import { readySubscriber } from './ready-subscriber.ts'

/**
 * One run at a time; whatever triggers come while it is busy are answered together, by exactly one more run with the
 * latest of them. For "something changed, look again": a change reported during a look is not in what was seen.
 *
 * Completes after the source and the last run; an error of the source or of a run ends all.
 */
export const exhaustMapTrailing =
  <T, R>(run: (trigger: T, index: number) => ObservableInput<R>): OperatorFunction<T, R> =>
  source$ =>
    new Observable<R>(subscriber => {
      let waiting: { readonly trigger: T } | undefined
      let running: Subscriber<R> | undefined
      let sourceEnded = false
      let looping = false
      let index = 0

      const fail = (cause: unknown) => subscriber.error(cause)

      const start = (trigger: T) => {
        const inner = (running = readySubscriber<R>(
          value => subscriber.next(value),
          fail,
          () => {
            running = undefined
            loop()
          },
        ))
        try {
          from(run(trigger, index++)).subscribe(inner)
        } catch (cause) {
          fail(cause)
        }
      }

      // A loop, not a recursion: runs that end at once cost no stack, however many follow each other.
      const loop = () => {
        if (looping) return // the loop below us on the stack will see the change
        looping = true
        while (waiting && !running) {
          const { trigger } = waiting
          waiting = undefined
          start(trigger)
        }
        looping = false
        if (sourceEnded && !running) subscriber.complete()
      }

      const upstream = readySubscriber<T>(
        trigger => {
          waiting = { trigger }
          loop()
        },
        fail,
        () => {
          sourceEnded = true
          loop()
        },
      )
      // Registered first: a source or a run that never returns from `subscribe` is stopped, too.
      subscriber.add(upstream)
      subscriber.add(() => running?.unsubscribe())
      source$.subscribe(upstream)
    })
