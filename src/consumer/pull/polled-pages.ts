import { Subject } from 'rxjs'
import type { Observable } from 'rxjs'
import type { Inbound } from '../../messages/message.ts'
import { createQueue } from '../../operators/queue.ts'
import type { QueueDelivery } from '../queues/delivery.ts'
import { isOpen } from '../handling/settling.ts'

type Page = readonly QueueDelivery[]

/** What was pulled and not asked for yet. */
export interface PolledPages {
  add(page: Page): void
  /** Emits when there is more. */
  readonly arrivals$: Observable<void>
  /**
   * Hands out the oldest page, as far as its messages can be read; undefined when there is none. Throws the ERR_RMQ_DECODE
   * of one that cannot be read once those before it are gone; then that one counts as handed out, too.
   */
  take(): readonly Inbound[] | undefined
}

/** Page after page; bounded by the credits that each message holds until it is handed out. */
export const createPolledPages = (): PolledPages => {
  const arrivals = new Subject<void>()
  const pages = createQueue<Page>()
  let rest: Page = [] // of a page that was cut short

  /** What was revoked, or sought away from, was released; of a page, all at once. */
  const isThere = (page: Page): boolean => page.some(isOpen)
  const handOut = (page: Page): readonly Inbound[] => {
    const messages: Inbound[] = []
    for (const [i, delivery] of page.entries()) {
      if (!isOpen(delivery)) continue
      try {
        messages.push(delivery.message)
      } catch (error) {
        rest = page.slice(i)
        if (messages.length > 0) return messages
        delivery.ack()
        throw error
      }
      delivery.ack()
    }
    return messages
  }

  return {
    arrivals$: arrivals.asObservable(),
    add: page => {
      pages.retain(isThere)
      pages.push(page)
      arrivals.next()
    },
    take: () => {
      const cut = rest
      rest = []
      if (isThere(cut)) return handOut(cut)
      for (let page = pages.shift(); page !== undefined; page = pages.shift()) if (isThere(page)) return handOut(page)
      return undefined
    },
  }
}
