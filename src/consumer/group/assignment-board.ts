import { BehaviorSubject } from 'rxjs'
import type { Observable } from 'rxjs'
import { queueKey } from '../../messages/offsets.ts'
import type { QueueRef } from '../../messages/offsets.ts'
import type { AssignmentReason } from '../../observability/events.ts'
import type { Assignments } from '../consumer.ts'
import type { Assignment } from '../allocation/rebalance.ts'

export type AssignmentChange = Omit<Assignments, 'reason'> & { readonly reason: AssignmentReason }

/** What a member holds: from the decision that it gets a queue until it has wound up and given it back. */
export interface AssignmentBoard {
  readonly assignments$: Observable<Assignments>
  /** What it shall hold from now on. What is new is told at once, together; what goes away still winds up. */
  decided(assignment: Assignment): void
  /** A queue begins. It is told if it was not yet: it came back while it wound up. */
  began(queue: QueueRef): void
  /** A queue has wound up: committed, unlocked. */
  ended(queue: QueueRef): void
  /** The membership has ended, and with it everything that was held. */
  left(): void
  /** There will be no membership any more. */
  close(): void
}

const NOTHING: Assignments = { current: [], added: [], removed: [], reason: 'none' }

export const createAssignmentBoard = (onChange: (change: AssignmentChange) => void): AssignmentBoard => {
  const assignments = new BehaviorSubject<Assignments>(NOTHING)
  const held = new Map<string, QueueRef>()
  let wanted: Assignment | undefined // none before the first decision of a membership

  const tell = (added: readonly QueueRef[], removed: readonly QueueRef[], reason: AssignmentReason): void => {
    for (const queue of removed) held.delete(queueKey(queue))
    for (const queue of added) held.set(queueKey(queue), queue)
    if (added.length + removed.length === 0) return
    const change = { current: [...held.values()], added, removed, reason }
    assignments.next(change)
    onChange(change)
  }

  const left = (): void => {
    wanted = undefined
    tell([], [...held.values()], 'left')
  }
  return {
    assignments$: assignments.asObservable(),
    decided: assignment => {
      const reason = wanted === undefined ? 'joined' : 'rebalance'
      const before = wanted
      wanted = assignment
      const added = [...assignment].filter(([key]) => before?.has(key) !== true && !held.has(key))
      tell(
        added.map(([, queue]) => queue),
        [],
        reason,
      )
    },
    began: queue => {
      if (!held.has(queueKey(queue))) tell([queue], [], 'rebalance')
    },
    ended: queue => tell([], [queue], 'rebalance'),
    left,
    close: () => {
      left() // brokers that are silent may still be told
      assignments.complete()
    },
  }
}
