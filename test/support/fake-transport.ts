/**
 * A wire without sockets, for marbles and for fast tests of the whole client: what servers do is a script. Nothing here
 * has a clock of its own, so under a TestScheduler all of it happens in virtual time.
 */
import { asapScheduler, asyncScheduler, defer, from, NEVER, Observable, startWith, Subject, subscribeOn } from 'rxjs'
import { Subscription } from 'rxjs'
import type { ObservableInput } from 'rxjs'
import { RESPONSE_FLAG } from '../../src/protocol/frames/frame.ts'
import type { Frame } from '../../src/protocol/frames/frame.ts'
import type { Connection, Transport } from '../../src/remoting/connection.ts'

/**
 * What a server says to one request, and when: each frame becomes an answer to it, nothing is silence, and an error
 * drops the connection. With `m.cold('---a|', { a: responseFrame(frame, 0) })` the answer comes 3 ms later.
 */
export type Script = (frame: Frame, endpoint: string) => ObservableInput<Frame>

export interface FakeTransportOptions {
  /**
   * The fate of one dial: a value is "connected", an error "refused" or, later, "lost". `m.cold('--c----#')` connects
   * after 2 ms and is lost 5 ms later. Default: connected at once, for ever.
   */
  readonly connects?: (endpoint: string) => Observable<unknown>
}

export interface FakeTransport extends Transport {
  /** `endpoint at time` of every dial. */
  readonly dials: readonly string[]
  /** `endpoint at time` of every connection that was given up by the client. */
  readonly hangUps: readonly string[]
  /** What was written, where and when. */
  readonly written: readonly Written[]
  /** What was written with this request code. */
  sent(code: number): readonly Written[]
  /** A server begins to speak, on every open connection to it. */
  say(endpoint: string, frame: Frame): void
}

export interface Written {
  readonly endpoint: string
  readonly at: number
  readonly frame: Frame
}

const atOnce$ = (): Observable<unknown> => NEVER.pipe(startWith('connected'))

export const fakeTransport = (script: Script, { connects = atOnce$ }: FakeTransportOptions = {}): FakeTransport => {
  const dials: string[] = []
  const hangUps: string[] = []
  const written: Written[] = []
  const speakers = new Map<Subject<Frame>, string>()
  const now = () => asyncScheduler.now()

  const connect$ = (endpoint: string): Observable<Connection> =>
    new Observable<Connection>(subscriber => {
      dials.push(`${endpoint} at ${now()}`)
      const frames = new Subject<Frame>()
      const answers = new Subscription()
      const lose = (cause: unknown): void => {
        speakers.delete(frames)
        frames.error(cause)
        subscriber.error(cause)
      }
      const connection: Connection = {
        endpoint,
        frames$: frames.asObservable(),
        write$: frame =>
          new Observable<void>(sink => {
            written.push({ endpoint, at: now(), frame })
            const answer$ = defer(() => from(script(frame, endpoint))).pipe(subscribeOn(asapScheduler)) // never within the write
            answers.add(
              answer$.subscribe({
                next: answer => frames.next({ ...answer, opaque: frame.opaque, flag: RESPONSE_FLAG }),
                error: lose,
              }),
            )
            sink.next()
            sink.complete()
          }),
        writable$: NEVER.pipe(startWith(true)),
        counters: () => ({ framesIn: 0, framesOut: written.length, bytesIn: 0, bytesOut: 0 }),
      }
      subscriber.add(() => {
        if (speakers.delete(frames)) hangUps.push(`${endpoint} at ${now()}`)
        answers.unsubscribe()
      })
      subscriber.add(
        connects(endpoint).subscribe({
          next: () => {
            speakers.set(frames, endpoint)
            subscriber.next(connection)
          },
          error: lose,
        }),
      )
    })

  return {
    connect$,
    dials,
    hangUps,
    written,
    sent: code => written.filter(({ frame }) => frame.code === code),
    say: (endpoint, frame) => {
      for (const [frames, to] of speakers) if (to === endpoint) frames.next(frame)
    },
  }
}
