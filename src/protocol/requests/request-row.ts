import { bool, int, optional, text } from './fields.ts'
import type { HeaderFields, HeaderOf } from './fields.ts'
import type { Fields } from '../frames/frame.ts'

/** One row of the protocol: a request code, what it asks, and what a successful answer carries in its header. */
export interface RequestRow<Ask extends HeaderFields = HeaderFields, Answer extends HeaderFields = HeaderFields> {
  readonly code: number
  readonly asks: Ask
  readonly answers: Answer
  /** What `writeHeader` makes of `asks`, written out for a request of the fast path. */
  write?(header: HeaderOf<Ask>): Fields
}

export const request = <const Ask extends HeaderFields, const Answer extends HeaderFields>(
  code: number,
  asks: Ask,
  answers: Answer,
  write?: (header: HeaderOf<Ask>) => Fields,
): RequestRow<Ask, Answer> => ({ code, asks, answers, ...(write === undefined ? {} : { write }) })

/** No fields: what there is to say stands in the body, or nothing is to be said. */
export const NOTHING = {} as const

/**
 * A row that holds a code and nothing else: no sample of an official implementation shows its header. Look the fields up
 * and add a sample before the first use.
 */
export const undescribed = (code: number): RequestRow<typeof UNDESCRIBED, typeof UNDESCRIBED> => ({
  code,
  asks: UNDESCRIBED,
  answers: UNDESCRIBED,
})

/** Known by identity: `NOTHING` says that there are no fields, this one that nobody has looked. */
export const UNDESCRIBED = {} as const

/** A namespace told beside the names (5.x), and whether the names carry it already. */
export const NAMESPACE = { ns: optional(text), nsd: optional(bool) }
/** The broker that a request is meant for; brokers ignore it, the proxy requires it. */
export const TO_BROKER = { bname: optional(text), ...NAMESPACE }
export const TOPIC = { topic: text, ...TO_BROKER }
export const QUEUE = { topic: text, queueId: int, ...TO_BROKER }
export const GROUP = { consumerGroup: text, ...TO_BROKER }
export const GROUP_QUEUE = { consumerGroup: text, ...QUEUE }
/** Since 5.5: which of the small topics under a lite topic. */
export const LITE_TOPIC = { liteTopic: optional(text) }
