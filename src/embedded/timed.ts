import { FORBIDDEN_TOPICS } from '../protocol/names.ts'
import { PROPERTY } from '../protocol/messages/properties.ts'
import { encodeRecallHandle } from '../protocol/recall-handle.ts'
import { STORE_DEFAULTS } from '../protocol/server-defaults.ts'
import { readStoredMessages } from '../protocol/messages/stored-message.ts'
import { transactionOf } from '../protocol/sys-flags.ts'
import type { LogRecord } from './queue.ts'
import type { Alarm, Timers } from './timers.ts'

type Properties = Readonly<Record<string, string>>

/** By which a message names the time of its delivery, the one that counts first. */
export const TIMER_PROPERTIES: readonly string[] = [
  PROPERTY.TIMER_DELAY_SECONDS,
  PROPERTY.TIMER_DELAY_MS,
  PROPERTY.TIMER_DELIVER_MS,
]

/** The official broker counts in seconds: nothing is early, and what is late is so by one at most. */
const PRECISION_MS = 1_000
export const MAX_DELAY_MS = STORE_DEFAULTS.timerMaxDelaySec * 1_000

export interface TimedOptions {
  readonly timers: Timers
  /** Puts a waiting record where it was meant for, with more properties. */
  readonly deliver: (record: LogRecord, more: Properties) => void
}

interface TimedMessage {
  readonly topic: string
  readonly sysFlag: number
  readonly properties: Properties
}

/** Messages that wait for a time of their own, by the second in which they are due. */
export interface Timed {
  /** The second after which a message is delivered, epoch ms; undefined when it does not wait. */
  outMsOf(message: TimedMessage): number | undefined
  add(record: LogRecord, outMs: number): void
  /** Drops a waiting message. One that is not there is none of our business, as with official brokers. */
  recall(topic: string, messageId: string, outMs: number): void
  /** Sets the alarms, at first and after `stop`; what came due meanwhile is delivered at once. */
  start(): void
  /** Nothing is delivered until `start`. */
  stop(): void
}

interface Slot {
  records: LogRecord[]
  alarm: Alarm | undefined
}

export const createTimed = ({ timers, deliver }: TimedOptions): Timed => {
  const slots = new Map<number, Slot>()

  const arm = (outMs: number, slot: Slot): void => {
    slot.alarm ??= timers.after(outMs + PRECISION_MS - timers.now(), () => ring(outMs, slot))
  }
  const ring = (outMs: number, slot: Slot): void => {
    slot.alarm = undefined
    // A clock may be a millisecond behind its alarm: never early, so look again.
    if (timers.now() < outMs + PRECISION_MS) return arm(outMs, slot)
    slots.delete(outMs)
    for (const record of slot.records) {
      deliver(record, {
        [PROPERTY.TIMER_ENQUEUE_MS]: String(record.storeTimestamp),
        [PROPERTY.TIMER_DEQUEUE_MS]: String(timers.now()),
      })
    }
  }

  return {
    outMsOf: ({ topic, sysFlag, properties }) => {
      const transaction = transactionOf(sysFlag)
      if ((transaction !== 'none' && transaction !== 'commit') || FORBIDDEN_TOPICS.has(topic)) return undefined
      const now = timers.now()
      const wanted = wantedMs(properties, now)
      return wanted === undefined || wanted <= now ? undefined : Math.ceil(wanted / PRECISION_MS - 1) * PRECISION_MS
    },
    add: (record, outMs) => {
      const slot = slots.get(outMs) ?? { records: [], alarm: undefined }
      slots.set(outMs, slot)
      slot.records.push(record)
      arm(outMs, slot)
    },
    recall: (topic, messageId, outMs) => {
      const slot = slots.get(outMs)
      if (slot !== undefined) slot.records = slot.records.filter(record => !isMessage(record, topic, messageId))
    },
    start: () => {
      for (const [outMs, slot] of slots) arm(outMs, slot)
    },
    stop: () => {
      for (const slot of slots.values()) {
        slot.alarm?.cancel()
        slot.alarm = undefined
      }
    },
  }
}

const isMessage = ({ bytes }: LogRecord, topic: string, messageId: string): boolean => {
  const properties = readStoredMessages(bytes).messages[0]?.properties
  return properties?.[PROPERTY.REAL_TOPIC] === topic && properties[PROPERTY.UNIQUE_KEY] === messageId
}

/** Whether a message names a time that counts: a delay level does away with it, and each message waits once. */
export const wantsTime = (properties: Properties): boolean =>
  TIMER_PROPERTIES.some(name => properties[name] !== undefined) &&
  properties[PROPERTY.TIMER_OUT_MS] === undefined &&
  !(Number(properties[PROPERTY.DELAY] ?? 0) > 0)

/** When a message wants to be delivered, epoch ms; NaN when that cannot be read. */
const wantedMs = (properties: Properties, nowMs: number): number | undefined => {
  if (!wantsTime(properties)) return undefined
  const [seconds, delay, at] = TIMER_PROPERTIES.map(name => whole(properties[name]))
  if (seconds !== undefined) return nowMs + seconds * 1_000
  return delay === undefined ? at : nowMs + delay
}

const whole = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : /^[+-]?\d{1,15}$/.test(text) ? Number(text) : NaN

/** What is wrong with the time that a message names. */
export const wrongTime = (properties: Properties, nowMs: number): string | undefined => {
  const wanted = wantedMs(properties, nowMs)
  if (wanted === undefined || wanted - nowMs <= MAX_DELAY_MS) return undefined
  return Number.isNaN(wanted)
    ? 'the time of delivery is not a number'
    : `the time of delivery is more than ${MAX_DELAY_MS} ms away`
}

/** What the sender of a waiting message is given to recall it by: a time within the second that it waits for. */
export const recallHandleFor = (outMs: number, topic: string, brokerName: string, messageId: string): string =>
  encodeRecallHandle({ topic, brokerName, timestamp: String(outMs + 1), messageId })

/** The second that such a time is in. */
export const outMsOfHandle = (timestampMs: number): number => Math.ceil(timestampMs / PRECISION_MS - 1) * PRECISION_MS

export const without = (properties: Properties, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(Object.entries(properties).filter(([name]) => !names.includes(name)))
