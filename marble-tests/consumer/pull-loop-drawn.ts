/** Pulls from a scripted broker, for pictures. */
import Long from 'long'
import { asyncScheduler, defer, map, mergeMap, type Observable } from 'rxjs'
import { createBudget, type QueueBudget } from '../../src/consumer/queues/budget.ts'
import { pullLoop$, type Page, type PullLoopOptions } from '../../src/consumer/queues/pull-loop.ts'
import type { Marbles } from '../marbles.ts'

export const PLENTY = { messages: 1_000, bytes: 1_000_000 }

/** The credits of a queue that is alone in its consumer. */
export const credits = (messages: number, batch: number, bytes = PLENTY.bytes): QueueBudget =>
  createBudget(PLENTY, batch).queue({ messages, bytes })

/** A broker with endless messages of 10 bytes, whose answers take 3 ms; fails where the diagram does. Notes the pulls. */
export const endless = (
  m: Marbles,
  budget: QueueBudget,
  more: Partial<PullLoopOptions<number>> & { diagrams?: readonly string[] } = {},
) => {
  const { diagrams = [], ...options } = more
  const pulls: string[] = []
  const pull$ = (offset: Long, max: number) =>
    defer(() => {
      const diagram = diagrams[pulls.length] ?? '---(p|)'
      pulls.push(`${max} from ${offset.toString()} at ${asyncScheduler.now()}`)
      const entries = Array.from({ length: max }, (_, i) => offset.toNumber() + i)
      return m.cold<Page<number>>(diagram, { p: { entries, nextOffset: offset.add(max) } })
    })
  const pages$ = pullLoop$<number>({ pull$, from: Long.ZERO, budget, bytesOf: () => 10, onError: () => 4, ...options })
  return { pages$, pulls }
}

const messages = (pages$: Observable<Page<number>>) => pages$.pipe(mergeMap(page => page.entries))
export const each = (pages$: Observable<Page<number>>) => messages(pages$).pipe(map(message => String(message)))
/** `p` for each page. */
export const shown = (pages$: Observable<Page<number>>) => pages$.pipe(map(() => 'p'))
