import type Long from 'long'
import type { Pulled } from '../../broker/pulling.ts'
import { decodeFailed, isRocketError } from '../../errors.ts'
import { queueKey } from '../../messages/offsets.ts'
import type { QueueRef } from '../../messages/offsets.ts'
import { isInnerBatch, unwrapInnerBatch } from '../../protocol/messages/stored-message.ts'
import type { StoredMessage } from '../../protocol/messages/stored-message.ts'

/** What a pull brought, as far as it can be taken apart. */
export interface PulledPage {
  /** From the offset on that was asked for. */
  readonly messages: readonly StoredMessage[]
  /** Where to go on: at a damage, which is not skipped, else where the broker says. */
  readonly nextOffset: Long
  /** Why it ends before its end. */
  readonly damage: Error | undefined
}

/** Throws ERR_RMQ_DECODE when it begins with a damage: there is nothing to be done but to seek past it. */
export const pulledPage = (pulled: Pulled, queue: QueueRef, offset: Long): PulledPage => {
  const { messages, failure: damage } = unwrapped(pulled)
  // A record that is a batch inside may begin before what was asked for; so may what a broker compacted.
  const isEarly = messages[0]?.queueOffset.lessThan(offset) === true
  const wanted = isEarly ? messages.filter(stored => !stored.queueOffset.lessThan(offset)) : messages
  if (damage === undefined) return { messages: wanted, nextOffset: pulled.nextBeginOffset, damage }
  const last = messages.at(-1)
  if (last === undefined) {
    throw decodeFailed(`queue ${queueKey(queue)} cannot be read on: ${damage.message}`, { cause: damage })
  }
  return { messages: wanted, nextOffset: last.queueOffset.add(1), damage }
}

/** With the members of batches in place of those; up to the first that cannot be taken apart. */
const unwrapped = ({ messages, failure }: Pulled): Pick<Pulled, 'messages' | 'failure'> => {
  if (!messages.some(isInnerBatch)) return { messages, failure }
  const members: StoredMessage[] = []
  try {
    for (const stored of messages) for (const member of unwrapInnerBatch(stored)) members.push(member)
  } catch (error) {
    if (!isRocketError(error)) throw error
    return { messages: members, failure: error }
  }
  return { messages: members, failure }
}
