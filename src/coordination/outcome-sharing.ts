import { catchError, concat, EMPTY, finalize, identity, merge, Subject, tap } from 'rxjs'
import type { Observable } from 'rxjs'
import type { ClientConfig } from '../client/config.ts'
import type { BrokerOutcome } from '../client/route-coordinator.ts'
import { createSharedClient } from '../client/shared-client.ts'
import { createConsumer } from '../consumer/create-consumer.ts'
import type { Delivery } from '../consumer/queues/delivery.ts'
import { memoryOffsets } from '../consumer/offsets/memory-offsets.ts'
import { on } from '../consumer/subscriptions/on.ts'
import { illegal, routeNotFound } from '../errors.ts'
import { codecs } from '../messages/codecs.ts'
import { message } from '../messages/message.ts'
import { topic as topicOf } from '../messages/topic.ts'
import type { ClientEvent } from '../observability/events.ts'
import { createProducer } from '../producer/producer.ts'
import { createComplaints } from './complaints.ts'
import type { CoordinatorSettings } from './coordinator-options.ts'
import { readOutcomes, writeOutcomes } from './outcome-message.ts'
import { createOtherTellers } from './other-tellers.ts'
import { createQueueElsewhere } from './queue-elsewhere.ts'
import { createTelling } from './telling.ts'
import { withoutRepeats } from './without-repeats.ts'

/** One stay at the topic: from the first client that listens to the last one. */
export interface OutcomeSharing {
  /** Tells others, in a while. */
  tell(outcome: BrokerOutcome): void
  /** What others tell. */
  readonly heard$: Observable<BrokerOutcome>
  /** Tells what waits, and leaves; for that, a moment, the process lives on. Completes. */
  readonly end$: Observable<unknown>
}

/** For a message, and for the end, ms: what takes longer is not worth the wait. */
const PATIENCE_MS = 1_000
/** What was seen longer ago says nothing of now, ms. */
const STALE_MS = 30_000

/**
 * With a client of its own, which has no coordinator: it is there before the client that it is for, what becomes of its
 * own requests is told to nobody, and what it sends waits for no one and keeps no one waiting.
 */
export const createOutcomeSharing = (
  { config, topic, group, everyMs }: CoordinatorSettings,
  tellFailure: (error: unknown) => void,
): OutcomeSharing => {
  const shared = createSharedClient(ownConfig(config))
  const { clientId, runtime, events$, life } = shared
  const { scheduler, random } = runtime
  const unheld = { ...shared, life: { hold: () => () => undefined, held: () => identity } } // no reason to live on
  const producer = createProducer(unheld, { group, timeoutMs: PATIENCE_MS })
  const consumer = createConsumer<Delivery<string, Uint8Array>>(unheld, {
    group,
    subscribe: [on(topicOf(topic))],
    model: 'broadcasting',
    startFrom: 'last',
    offsets: memoryOffsets(),
  })
  const texts = topicOf(topic, codecs.text)
  const heard = new Subject<BrokerOutcome>()
  const failed = withoutRepeats(tellFailure, () => scheduler.now())
  const complaints = createComplaints(topic, scheduler)
  const tellers = createOtherTellers()
  const { note, select } = createQueueElsewhere()
  let no = 0
  const { add, telling$, flush$ } = createTelling({
    everyMs,
    others: () => tellers.count(scheduler.now()),
    tell$: runs => {
      const told = writeOutcomes({ from: clientId, no: ++no, runs })
      return producer.oneway$(message(texts, told, { waitForStore: false }), { select })
    },
    failed,
    scheduler,
    random,
  })

  const hear = ({ message: { body, storedAt } }: Delivery<string, Uint8Array>): void => {
    const told = readOutcomes(body)
    if (typeof told === 'string') return complaints.add(told)
    const at = scheduler.now()
    if (told.from === clientId || !tellers.isNews(told.from, told.no, at)) return
    const ageMs = at - storedAt.getTime()
    if (ageMs > STALE_MS) return complaints.add(`is ${ageMs} ms old, the limit is ${STALE_MS}: does a clock go wrong?`)
    for (const { count, ...outcome } of told.runs) {
      note(outcome)
      for (let n = 0; n < count; n++) heard.next(outcome)
    }
  }
  const sharing = merge(
    telling$,
    complaints.complaints$.pipe(tap(tellFailure)),
    events$.pipe(tap(event => tellTrouble(event, failed))),
    consumer.process$(hear).pipe(
      catchError((error: unknown) => {
        failed(error)
        return EMPTY
      }),
    ),
  ).subscribe({ error: failed })

  return {
    tell: outcome => {
      note(outcome)
      add(outcome)
    },
    heard$: heard.asObservable(),
    end$: concat(flush$(), shared.close$(PATIENCE_MS)).pipe(
      finalize(() => sharing.unsubscribe()),
      life.held(),
    ),
  }
}

/** The same cluster, but another member of its life. */
const ownConfig = (config: ClientConfig): ClientConfig => {
  const own: { -readonly [name in keyof ClientConfig]: ClientConfig[name] } = { ...config }
  delete own.clientId
  delete own.coordinator
  delete own.logger
  return own
}

/** What in its own client's life keeps outcomes from being shared. */
const tellTrouble = (event: ClientEvent, failed: (error: unknown) => void): void => {
  if (event.type === 'consumer-failure') failed(event.error)
  if (event.type === 'topic-missing')
    failed(routeNotFound(event.topic, 'no outcomes of brokers are shared until it is there'))
  if (event.type === 'subscription-conflict')
    failed(illegal(event.conflicts.join('; '), { advice: 'give coordinators a group of their own' }))
}
