import { checksum } from './fingerprints.ts'

/** What became of all that was sent. */
export interface Balance {
  readonly sent: number
  readonly received: number
  /** Stored by the broker, and never seen by a handler. */
  readonly lost: number
  /** Seen again: at-least-once delivery allows it. */
  readonly duplicated: number
  /** Seen with other bytes than were sent. */
  readonly corrupted: number
  readonly checksums: { readonly sent: string; readonly received: string }
}

/** Double-entry bookkeeping: every event goes in when the broker has stored it, and out when a handler sees it. */
export const createLedger = () => {
  const sent = new Map<number, number>() // number of the event ⇒ fingerprint of its body
  const received = new Map<number, number>()
  let duplicated = 0

  return {
    enterSent: (no: number, fingerprint: number): void => {
      sent.set(no, fingerprint)
    },
    /** Whether it is seen for the first time. */
    enterReceived: (no: number, fingerprint: number): boolean => {
      if (received.has(no)) {
        duplicated++
        return false
      }
      received.set(no, fingerprint)
      return true
    },
    sent: (): number => sent.size,
    received: (): number => received.size,
    balance: (): Balance => ({
      sent: sent.size,
      received: received.size,
      lost: [...sent.keys()].filter(no => !received.has(no)).length,
      duplicated,
      corrupted: [...received].filter(([no, print]) => sent.has(no) && sent.get(no) !== print).length,
      checksums: { sent: checksum(sent.values()), received: checksum(received.values()) },
    }),
  }
}
