import type Long from 'long'
import { ReplaySubject } from 'rxjs'
import type { Observable } from 'rxjs'
import { toRaw } from '../../client/received.ts'
import type { RocketError } from '../../errors.ts'
import type { Inbound } from '../../messages/message.ts'
import type { QueueRef } from '../../messages/offsets.ts'
import type { SubscriptionSpec } from '../../messages/topic.ts'
import type { StoredMessage } from '../../protocol/messages/stored-message.ts'
import { checkedRetry, delayLevelOf } from './retry-delay.ts'
import type { RetryOptions } from './retry-delay.ts'
import type { Trouble } from './trouble.ts'
import type { WaitedFor } from './waiting-words.ts'
import type { Entry } from './window.ts'

/** What was decided about a delivery. `dropped`: it should be retried, and broadcasting has no retry. */
export type Settlement = 'acked' | 'retry-scheduled' | 'dead-lettered' | 'released' | 'dropped'

/** One message in hand. The first settlement wins; later ones are ignored. Until it is settled it costs a credit. */
export interface Delivery<N extends string = string, T = unknown> {
  readonly topic: N
  /**
   * What was sent. A body that cannot be read (decompressed, decoded, or told apart from its checksum) throws
   * ERR_RMQ_DECODE here: `process$` and `processBatch$` look before the handler does, and go by `onDecodeError`; in
   * `messages$` and `queues$` look at `decodeError`, or be ready for the throw.
   */
  readonly message: Inbound<N, T>
  /** Why the body cannot be read; undefined when it can. */
  readonly decodeError: RocketError | undefined
  /** The same message with the bytes of its body as they are stored, compressed or not. Never throws. */
  readonly raw: Inbound<N, Uint8Array>
  readonly queue: QueueRef
  /** 1 on the first delivery. Rises, too, when a queue that is consumed in order tries again in place. */
  readonly attempt: number
  /** Aborted when the handler should stop: its time is over, the queue was revoked, the consumer stops. */
  readonly signal: AbortSignal
  /** Done. */
  ack(): void
  /** Again later, by the broker, counted as an attempt; after the last it goes to the dead letters. */
  retryLater(options?: RetryOptions): void
  /** To the group's dead letters at once. */
  deadLetter(): void
  /** Not counted as an attempt: it comes again after the next change of assignment or start. */
  release(): void
  /**
   * POP only: it stays invisible to others for so many ms from now on, 10 s to 5 min as brokers allow. Cold, one value.
   * Elsewhere ERR_RMQ_ILLEGAL: a queue that is held needs no extension.
   */
  extend$(byMs: number): Observable<void>
  /** The settlement, once the broker side of it is done. Replays. */
  readonly settled$: Observable<Settlement>
}

/** The deliveries that a subscription brings. */
export type DeliveryFrom<S> = S extends SubscriptionSpec<infer N, infer T> ? Delivery<N, T> : never

/** What settles a delivery: its queue, as long as it is held. */
export interface Settler {
  readonly queue: QueueRef
  /** Redeliveries before the dead letters: whoever would be sent back once more goes there. */
  readonly maxAttempts: number
  acked(delivery: QueueDelivery): void
  sendBack(delivery: QueueDelivery, delayLevel: number, afterMs: number | undefined): void
  released(delivery: QueueDelivery): void
  /** Decodes; throws ERR_RMQ_DECODE. */
  read(delivery: QueueDelivery): Inbound
  extend$(delivery: QueueDelivery, byMs: number): Observable<void>
}

/** Delay level that sends a message to the dead letters. */
const TO_DEAD_LETTERS = -1
const NEITHER: RetryOptions = {}
/** Delay level that leaves the choice to the broker: 3 + the number of attempts. */
const RISING = 0

/**
 * A class, so that a hundred thousand deliveries a second share one set of methods: nothing is decoded, allocated or
 * closed over before it is asked for.
 */
export class QueueDelivery implements Delivery, Entry {
  readonly stored: StoredMessage
  readonly topic: string
  readonly offset: Long
  readonly bytes: number
  index = -1
  settled = false
  /** What the user decided; the broker may still be asked to do it. */
  decision: Settlement | undefined
  /** When somebody began to work on it, ms. */
  startedAt: number | undefined
  /** What fails about it: its handler, or sending it back. */
  trouble: Trouble | undefined
  /** How long its queue rests before it is tried again in place, ms; undefined: as usual. */
  restMs: number | undefined
  isLost = false
  /** Whoever works on it, told when it is taken away. */
  onLost: ((reason: unknown) => void) | undefined
  #again = 0
  readonly #settler: Settler
  #inbound: Inbound | undefined
  #decodeError: RocketError | undefined
  #controller: AbortController | undefined
  #outcome: ReplaySubject<Settlement> | undefined
  #done: Settlement | undefined

  constructor(stored: StoredMessage, topic: string, settler: Settler) {
    this.stored = stored
    this.topic = topic
    this.offset = stored.queueOffset
    this.bytes = stored.storeSize || stored.storedBody.length // a member of a batch inside a record has no size
    this.#settler = settler
  }

  get queue(): QueueRef {
    return this.#settler.queue
  }
  get message(): Inbound {
    if (this.#decodeError !== undefined) throw this.#decodeError
    this.#inbound ??= this.#read()
    return this.#inbound
  }
  get decodeError(): RocketError | undefined {
    if (this.#inbound === undefined && this.#decodeError === undefined) {
      try {
        this.#inbound = this.#read()
      } catch {
        // kept
      }
    }
    return this.#decodeError
  }
  get raw(): Inbound<string, Uint8Array> {
    return toRaw(this.stored, { ...this.queue, queueId: this.stored.queueId }, this.topic)
  }
  get attempt(): number {
    return this.stored.reconsumeTimes + this.#again + 1
  }
  /** How it stands, for explanations. */
  get waits(): WaitedFor {
    const { offset, attempt, startedAt, trouble } = this
    return { offset, attempt, state: this.#state(), startedAt, trouble }
  }
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    return this.#controller.signal
  }
  get settled$(): Observable<Settlement> {
    if (this.#outcome === undefined) {
      this.#outcome = new ReplaySubject(1)
      if (this.#done !== undefined) this.finish(this.#done)
    }
    return this.#outcome.asObservable()
  }

  ack(): void {
    if (this.#decide('acked')) this.#settler.acked(this)
  }
  retryLater(options?: RetryOptions): void {
    const { delayLevel, afterMs } = options === undefined ? NEITHER : checkedRetry(options)
    const level = delayLevel ?? (afterMs === undefined ? RISING : delayLevelOf(afterMs))
    const isLast = this.stored.reconsumeTimes >= this.#settler.maxAttempts
    if (this.#decide(isLast ? 'dead-lettered' : 'retry-scheduled')) this.#settler.sendBack(this, level, afterMs)
  }
  deadLetter(): void {
    if (this.#decide('dead-lettered')) this.#settler.sendBack(this, TO_DEAD_LETTERS, undefined)
  }
  release(): void {
    if (this.#decide('released')) this.#settler.released(this)
  }

  /** The broker side is done. */
  finish(settlement: Settlement): void {
    this.#done = settlement
    this.#outcome?.next(settlement)
    this.#outcome?.complete()
  }
  extend$(byMs: number): Observable<void> {
    return this.#settler.extend$(this, byMs)
  }
  abort(reason: unknown): void {
    this.#controller?.abort(reason)
  }
  /** Taken away: whoever works on it is told, and nothing that is decided about it has an effect any more. */
  lose(reason: unknown): void {
    this.isLost = true
    if (this.#decide('released')) this.finish('released')
    this.abort(reason)
    this.onLost?.(reason)
  }
  /** Not settled for too long: sent back, and whoever works on it is told. */
  expire(reason: unknown, delayLevel: number): void {
    this.retryLater({ delayLevel })
    this.abort(reason)
    this.onLost?.(reason)
  }
  /** Delivered so many times before, which only the broker counts. */
  countFrom(deliveries: number): void {
    this.#again = deliveries - this.stored.reconsumeTimes
  }
  /** Once more in place: one attempt more, with a signal of its own. */
  again(): void {
    this.#again++
    this.#controller = undefined
  }

  #read(): Inbound {
    try {
      return this.#settler.read(this)
    } catch (error) {
      this.#decodeError = error as RocketError // whatever a codec throws, `read` makes one of it
      throw error
    }
  }
  #state(): WaitedFor['state'] {
    if (this.decision === 'released') return 'released'
    if (this.decision !== undefined) return 'sending-back'
    if (this.startedAt === undefined) return 'waiting'
    return this.trouble === undefined ? 'at-work' : 'again'
  }
  #decide(settlement: Settlement): boolean {
    if (this.decision !== undefined) return false
    this.decision = settlement
    this.trouble = undefined
    return true
  }
}
