import type { Allocate } from './allocate.ts'

/**
 * AVG_BY_CIRCLE: queues are dealt one by one, round after round, so that each member gets some of every broker.
 * (`AllocateMessageQueueAveragelyByCircle`)
 */
export const allocateByCircle: Allocate = (queues, members, self) => {
  const index = members.indexOf(self)
  return index < 0 ? [] : queues.filter((_, at) => at % members.length === index)
}
