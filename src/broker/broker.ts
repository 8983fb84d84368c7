import type { Invoke } from '../remoting/invoke.ts'
import { createLocks } from './locks.ts'
import { createMembership } from './membership.ts'
import { createOffsets } from './offsets.ts'
import { createPopping } from './popping.ts'
import { createPulling } from './pulling.ts'
import { createSending } from './sending.ts'
import { createTransactions } from './transactions.ts'

/** One function per request that brokers answer. No retries, no choices, no memory: those live in the features. */
export const createBroker = (invoke: Invoke) => ({
  sending: createSending(invoke),
  transactions: createTransactions(invoke),
  pulling: createPulling(invoke),
  popping: createPopping(invoke),
  offsets: createOffsets(invoke),
  membership: createMembership(invoke),
  locks: createLocks(invoke),
})

export type Broker = ReturnType<typeof createBroker>
