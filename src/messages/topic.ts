import { illegal } from '../errors.ts'
import { codecs } from './codecs.ts'
import type { Codec } from './codecs.ts'

/** A topic's name and how its bodies are read and written. The name is a literal type, so it tells topics apart. */
export interface Topic<N extends string = string, T = unknown> {
  readonly name: N
  readonly codec: Codec<T>
}

/** A topic of raw bodies, or of the values of a codec: `topic('orders', codecs.json<Order>())`. */
export function topic<const N extends string>(name: N): Topic<N, Uint8Array>
export function topic<const N extends string, T>(name: N, codec: Codec<T>): Topic<N, T>
export function topic(name: string, codec: Codec<unknown> = codecs.buffer): Topic {
  return { name, codec }
}

/** The name of a topic that is given as such or by its name; ERR_RMQ_ILLEGAL for what is neither. */
export const nameOf = (given: Topic | string): string => {
  const name: unknown = typeof given === 'string' ? given : (Object(given) as Partial<Topic>).name
  if (typeof name === 'string') return name
  throw illegal('the topic is none: expected topic(name) or its name')
}

/** Which messages of a topic a consumer wants. */
export interface SubscriptionSpec<N extends string = string, T = unknown> {
  readonly topic: Topic<N, T>
  /** Tag expression: `*` (the default) or tags joined by `||`. */
  readonly tags: string
  /** SQL92 on the properties of messages, instead of tags. */
  readonly sql?: string
}

/**
 * What a subscription filters by: tags (`new || paid`; default `*`, every message), or SQL92 on properties, which brokers
 * evaluate where `enablePropertyFilter=true`: `{ sql: "amount > 3 AND region IN ('eu', 'us')" }`. Not both.
 */
export type MessageFilter =
  { readonly tags?: string; readonly sql?: never } | { readonly sql: string; readonly tags?: never }
