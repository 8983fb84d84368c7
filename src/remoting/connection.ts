import { map, Observable, share } from 'rxjs'
import type { OperatorFunction, SchedulerLike } from 'rxjs'
import { cutFrames, MAX_READ_FRAME_BYTES, NOTHING } from '../protocol/frames/cut-frames.ts'
import type { Carry } from '../protocol/frames/cut-frames.ts'
import { decodeFrame, encodeFrame } from '../protocol/frames/frame-codec.ts'
import type { Frame } from '../protocol/frames/frame.ts'
import { tcp } from '../transport/dial.ts'
import type { Dial } from '../transport/dial.ts'
import { link$ } from '../transport/link.ts'
import type { Link } from '../transport/link.ts'

/** What a connection has carried so far. */
export interface Counters {
  readonly framesIn: number
  readonly framesOut: number
  readonly bytesIn: number
  readonly bytesOut: number
}

/** Whole frames over one open wire to an endpoint. */
export interface Connection {
  readonly endpoint: string
  /** Hot. Errors on a malformed frame or a lost socket; completes only when we hang up. */
  readonly frames$: Observable<Frame>
  /** Cold. One value when the socket took the bytes. */
  write$(frame: Frame): Observable<void>
  /**
   * Whether the socket took the frame at once, which saves a subscription for each. If not, or where a wire cannot do it,
   * nothing happened: use `write$`. Throws what cannot be encoded.
   */
  tryWrite?(frame: Frame): boolean
  readonly writable$: Observable<boolean>
  /** A snapshot. */
  counters(): Counters
}

/** Where connections come from: the seam for tests, proxies and other wires. */
export interface Transport {
  /** Subscribing dials, and stays open; losing the connection, politely or not, is an error; unsubscribing closes. */
  connect$(endpoint: string): Observable<Connection>
}

export interface TransportOptions {
  readonly dial?: Dial
  readonly connectTimeoutMs?: number
  /** Most bytes that may wait for a socket to take more. Default 64 MiB. */
  readonly maxWaitingBytes?: number
  /** Frames that announce more are refused before anything is allocated. Default 32 MiB. */
  readonly maxFrameBytes?: number
  readonly scheduler?: SchedulerLike
}

/** Frames over TCP. */
export const createTransport = ({ dial = tcp(), maxFrameBytes, ...link }: TransportOptions = {}): Transport => ({
  connect$: endpoint =>
    link$(endpoint, { dial, ...link }).pipe(map(connected => toConnection(connected, maxFrameBytes))),
})

const toConnection = (link: Link, maxFrameBytes = MAX_READ_FRAME_BYTES): Connection => {
  const counters = { framesIn: 0, framesOut: 0, bytesIn: 0, bytesOut: 0 }
  const written = (bytes: Buffer): void => {
    counters.framesOut++
    counters.bytesOut += bytes.length
  }
  return {
    endpoint: link.endpoint,
    frames$: link.bytes$.pipe(toFrames(maxFrameBytes, counters), share()),
    write$: frame =>
      new Observable(subscriber => {
        const bytes = encodeFrame(frame) // throwing here becomes the error of this write alone
        written(bytes)
        return link.write$(bytes).subscribe(subscriber)
      }),
    tryWrite: frame => {
      const bytes = encodeFrame(frame)
      if (!link.tryWrite(bytes)) return false
      written(bytes)
      return true
    },
    writable$: link.writable$,
    counters: () => ({ ...counters }),
  }
}

/** Chunks of any size to whole decoded frames. One operator by hand: it runs for every frame. */
export const toFrames =
  (maxFrameBytes: number, counters = { framesIn: 0, bytesIn: 0 }): OperatorFunction<Buffer, Frame> =>
  bytes$ =>
    new Observable<Frame>(subscriber => {
      let carry: Carry = NOTHING
      return bytes$.subscribe({
        next: chunk => {
          counters.bytesIn += chunk.length
          try {
            const cut = cutFrames(carry, chunk, maxFrameBytes)
            carry = cut.carry
            for (const bytes of cut.frames) {
              counters.framesIn++
              subscriber.next(decodeFrame(bytes))
            }
            if (cut.failure !== undefined) subscriber.error(cut.failure)
          } catch (malformed) {
            subscriber.error(malformed)
          }
        },
        error: (cause: unknown) => subscriber.error(cause),
        complete: () => subscriber.complete(),
      })
    })
