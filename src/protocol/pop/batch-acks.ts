import type { BatchAck } from './batch-ack-body.ts'
import type { PopHandle } from './popped-messages.ts'

/**
 * The acknowledgements of many messages of one topic: those of one queue and one pop share an entry. All are of one
 * broker, which is named beside them.
 */
export const batchAcksOf = (
  consumerGroup: string,
  topic: string,
  handles: readonly PopHandle[],
): readonly BatchAck[] => {
  const entries = new Map<string, BatchAck & { readonly bits: number[] }>()
  for (const handle of handles) {
    const { mark, queueId, reviveQueueId, startOffset, popTime, invisibleTime, queueOffset } = handle
    const key = [mark, queueId, reviveQueueId, startOffset, popTime, invisibleTime].join('@')
    const shared = { consumerGroup, topic, mark, startOffset, queueId, reviveQueueId, popTime, invisibleTime }
    const entry = entries.get(key) ?? { ...shared, bits: [] }
    entries.set(key, entry)
    entry.bits.push(queueOffset.subtract(startOffset).toNumber())
  }
  return [...entries.values()]
}
