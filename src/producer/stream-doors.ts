import type { Observable, OperatorFunction } from 'rxjs'
import type { SharedClient } from '../client/shared-client.ts'
import type { Outbound } from '../messages/message.ts'
import { checkCallOptions, checkFunction } from './call-options.ts'
import type { Packing } from './batch-doors.ts'
import { createGather, resolveGather } from './gather.ts'
import type { GatherContext } from './gather.ts'
import { createSettle } from './on-send-error.ts'
import type { OnSendError } from './on-send-error.ts'
import type { ProducerSettings } from './options.ts'
import { resolveConcurrency, sendAll, sendFrom$ } from './send-all.ts'
import type { Sends, SendStreamOptions } from './send-all.ts'
import type { Around } from './send-interceptors.ts'
import { outcome$ } from './send-outcome.ts'
import type { SendOutcome, Sent } from './send-outcome.ts'
import type { Requirement, SendResult } from './send-result.ts'
import type { SendTogether } from './together.ts'
import type { TopicBoards } from './topic-boards.ts'

type Stopping<In> = SendStreamOptions<In> & { readonly onError?: 'stop' }
type Continuing<In> = SendStreamOptions<In> & { readonly onError: Exclude<OnSendError<In>, 'stop'> }

/** Sends of whole streams. */
export interface StreamDoors {
  /** Sends whatever the source emits, so many at once; outcomes carry their inputs. */
  sendAll<In, T>(project: (input: In) => Outbound<T>, options?: Stopping<In>): OperatorFunction<In, Sent<In>>
  /** With another `onError` every input has its outcome: failures are outcomes, and with 'continue' or a dead letter topic only the source can make the stream error. */
  sendAll<In, T>(project: (input: In) => Outbound<T>, options: Continuing<In>): OperatorFunction<In, SendOutcome<In>>
  /** The same for what can be pulled: arrays, generators, Node streams. Never reads ahead of `concurrency`. */
  sendFrom$<In, T>(
    source: AsyncIterable<In> | Iterable<In>,
    project: (input: In) => Outbound<T>,
    options?: Omit<Stopping<In>, 'buffer'>,
  ): Observable<Sent<In>>
  /** With `onError: 'continue'` every input has its outcome; only the source can make the stream error. */
  sendFrom$<In, T>(
    source: AsyncIterable<In> | Iterable<In>,
    project: (input: In) => Outbound<T>,
    options: Omit<Continuing<In>, 'buffer'>,
  ): Observable<SendOutcome<In>>
}

/** What they stand on. */
export interface StreamDoorsOptions {
  readonly shared: Pick<SharedClient, 'runtime' | 'life' | 'report'>
  readonly settings: ProducerSettings
  readonly boards: TopicBoards
  readonly packing: Packing
  readonly together$: SendTogether<SendResult>
  readonly around: Around | undefined
  readonly send$: (message: Outbound) => Observable<SendResult>
  readonly checked: (result: SendResult, require: Requirement) => void
}

export const createStreamDoors = (options: StreamDoorsOptions): StreamDoors => {
  const { shared, settings, boards, packing, together$, around, send$, checked } = options
  const { runtime, life, report } = shared

  const projected = <In, T>(
    project: (input: In) => Outbound<T>,
    given: SendStreamOptions<In>,
    kind: 'stream' | 'pull',
  ): Sends<In> => {
    checkCallOptions(kind, given)
    checkFunction('project', project)
    const { batch = {}, concurrency, keyBy, onError } = given
    const { timeoutMs } = settings
    const check = (result: SendResult): void => checked(result, 'stored')
    const context: GatherContext = {
      runtime,
      boards,
      packing,
      timeoutMs,
      together$: (...args) => together$(...args).pipe(life.held()),
      check,
      around,
    }
    return {
      one$: (input, note, made) =>
        outcome$(
          input,
          () => {
            const message = project(input)
            made?.(message)
            return send$(message)
          },
          note,
        ),
      gather: () =>
        createGather(
          context,
          project,
          { ...resolveGather(batch), concurrency: resolveConcurrency(concurrency, batch) },
          keyBy,
        ),
      settle: createSettle(onError, { send$, report }),
      report,
    }
  }

  return {
    // The two overloads differ only in what the caller may expect: 'stop' lets only successes through.
    sendAll: <In, T>(project: (input: In) => Outbound<T>, options: SendStreamOptions<In> = {}) =>
      sendAll(projected(project, options, 'stream'), options) as OperatorFunction<In, Sent<In>>,
    sendFrom$: <In, T>(
      source: AsyncIterable<In> | Iterable<In>,
      project: (input: In) => Outbound<T>,
      options: Omit<SendStreamOptions<In>, 'buffer'> = {},
    ) => sendFrom$(source, projected(project, options, 'pull'), options) as Observable<Sent<In>>,
  }
}
