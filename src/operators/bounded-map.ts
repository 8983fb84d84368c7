import { from, Observable, type ObservableInput, type OperatorFunction, type Subscriber } from 'rxjs'
import { createAdmission, type WaitingLimits } from './admission.ts'
import { inTurn } from './in-turn.ts'
import { createLanes } from './lanes.ts'
import { readySubscriber } from './ready-subscriber.ts'
import { inOrderOfCompletion, inOrderOfSource, type Place } from './source-order.ts'
import { createLine, type Waiter } from './waiting-room.ts'

/** What a boundedMap holds at a moment. */
export interface Load {
  /** Items at work. */
  readonly active: number
  /** Items not started. */
  readonly waiting: number
  /** The bytes of those, where `bytesOf` is given. */
  readonly waitingBytes: number
  /** Results kept back behind a slow head (`order: 'source'`). */
  readonly held: number
}

/** What `boundedMap` is told. Only `concurrency` is required. */
export interface BoundedMapOptions<T, R = never> {
  /** Items at work at once. A function is asked before each start. One is always let in, whatever the number. */
  readonly concurrency: number | (() => number)
  /** The next item of a key waits until the previous one has ended. Keys are compared as by Map. Default: no keys. */
  readonly keyBy?: ((item: T) => unknown) | undefined
  /** Results as they come (`completion`, default), or in the order of their items (`source`). */
  readonly order?: 'completion' | 'source' | undefined
  /** Default: what waits is not limited, which is right only where the source is paced by something else. */
  readonly buffer?: WaitingLimits<T, R> | undefined
  /** When it emits: nothing more is taken, what waits is put back, what runs is finished, then it completes. */
  readonly until$?: Observable<unknown> | undefined
  /** Gets what waited when `until$` emitted, in the order it came. */
  readonly putBack?: ((item: T) => void) | undefined
  /** When it emits, `concurrency` may have changed: it is asked again. */
  readonly recheck$?: Observable<unknown> | undefined
  /** Told whenever an item came or ended, and at the very end with zeros. */
  readonly onLoad?: ((load: Load) => void) | undefined
  /** Told when the source has completed: what waits is all there is. */
  readonly onSourceEnd?: (() => void) | undefined
}

interface Job<T, R> extends Waiter, Place<R> {
  readonly item: T
}

/** How many slots there are. One is always let in, so that nothing can be stuck for ever. */
export const atLeastOne = (concurrency: number | (() => number)): number => {
  const slots = typeof concurrency === 'function' ? concurrency() : concurrency
  return slots > 1 ? slots : 1
}

const NOTHING: Load = { active: 0, waiting: 0, waitingBytes: 0, held: 0 }

/**
 * Works on up to `concurrency` items at once. Unlike `mergeMap` it can limit what waits, keep the order of each key
 * or of the results, and it never recurses: any number of works that end at once, and sources that emit from within
 * `next`, are safe.
 *
 * An error of the source, of a work or of an option ends everything: make it a value inside `work` if the rest should
 * go on. Completes after the source and the last work. Unsubscribing stops both. A work that returns an array costs
 * no subscription.
 */
export const boundedMap =
  <T, R>(
    work: (item: T, index: number) => ObservableInput<R>,
    { concurrency, keyBy, order, buffer = {}, until$, putBack, recheck$, onLoad, onSourceEnd }: BoundedMapOptions<T, R>,
  ): OperatorFunction<T, R> =>
  source$ =>
    new Observable<R>(subscriber => {
      const out = inTurn(subscriber, () => turn())
      const results =
        order === 'source' ? inOrderOfSource<R, Job<T, R>>(out.next) : inOrderOfCompletion<R, Job<T, R>>(out.next)
      const room = keyBy ? createLanes<Job<T, R>>(buffer.overflow === 'drop-oldest') : createLine<Job<T, R>>()
      const admission = createAdmission(buffer, room, results)
      const running = new Set<Subscriber<R>>()
      let arrived = 0
      let active = 0
      let sourceOpen = true
      let looping = false

      const freeSlots = () => atLeastOne(concurrency) - active

      const finish = (job: Job<T, R>) => {
        active--
        room.leave(job)
        results.finish(job)
        turn()
      }

      const start = (job: Job<T, R>) => {
        active++
        const input = work(job.item, job.index)
        if (Array.isArray(input)) {
          for (const result of input as readonly R[]) results.add(job, result)
          finish(job)
          return
        }
        const inner = readySubscriber<R>(
          result => results.add(job, result),
          out.error,
          () => {
            running.delete(inner)
            finish(job)
          },
        )
        running.add(inner)
        from(input).subscribe(inner)
      }

      // The one place that starts anything. A loop, not a recursion: works that end at once cost no stack.
      const turn = () => {
        if (looping || out.postpones()) return // whoever is below us on the stack will see the change
        looping = true
        try {
          while (!subscriber.closed && freeSlots() > 0) {
            const job = admission.take()
            if (!job) break
            start(job)
          }
          looping = false
          if (subscriber.closed) return
          onLoad?.({ active, waiting: room.size, waitingBytes: admission.waitingBytes, held: results.held })
        } catch (cause) {
          out.error(cause)
        }
        if (!sourceOpen && active === 0) out.complete()
      }

      const drop = (job: Job<T, R>) => {
        buffer.onDrop?.(job.item)
        job.counted = false
        if (buffer.resultOfDropped) results.add(job, buffer.resultOfDropped(job.item))
        results.finish(job)
      }

      const accept = (item: T) => {
        try {
          const job: Job<T, R> = {
            item,
            index: arrived++,
            key: keyBy?.(item),
            bytes: buffer.bytesOf?.(item) ?? 0,
            waiting: false,
            lane: undefined,
            behind: undefined,
            held: undefined,
            counted: true,
            finished: false,
          }
          for (const dropped of admission.admit(job, freeSlots())) drop(dropped)
        } catch (cause) {
          out.error(cause)
        }
        turn()
      }

      const stop = () => {
        stopper.unsubscribe()
        upstream.unsubscribe()
        sourceOpen = false
        try {
          for (const job of admission.takeAll()) {
            putBack?.(job.item)
            results.finish(job)
          }
        } catch (cause) {
          out.error(cause)
        }
        turn()
      }

      const end = () => {
        sourceOpen = false
        turn()
        onSourceEnd?.()
      }
      const upstream = readySubscriber<T>(accept, out.error, end)
      const stopper = readySubscriber<unknown>(stop, out.error, () => undefined)
      // Registered first, so that a source or a work that never returns from `subscribe` is stopped, too.
      subscriber.add(() => {
        upstream.unsubscribe()
        stopper.unsubscribe()
        for (const inner of running) inner.unsubscribe()
        onLoad?.(NOTHING)
      })
      until$?.subscribe(stopper)
      if (recheck$ !== undefined) subscriber.add(recheck$.subscribe(readySubscriber(turn, out.error, () => undefined)))
      if (!upstream.closed) source$.subscribe(upstream)
    })
