import type { QueueRef } from '../messages/offsets.ts'

/** That a socket took a message. Whether the broker stored it nobody says. */
export interface OnewayReceipt {
  /** Client-made: by it consumers can tell duplicates. */
  readonly messageId: string
  /** Where it was sent to. */
  readonly queue: QueueRef
  /** When the socket took it. */
  readonly acceptedAt: Date
}
