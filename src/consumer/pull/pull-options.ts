import { optionsOf } from '../../client/check-kinds.ts'
import { checkNames } from '../../client/check-names.ts'
import { checkedBool, checkedMs } from '../../client/checks.ts'
import { collected, wrong } from '../../client/problems.ts'
import { illegal } from '../../errors.ts'
import type { QueueRef } from '../../messages/offsets.ts'
import type { SubscriptionSpec } from '../../messages/topic.ts'
import { checkNothingShared, problemsOf } from '../option-conflicts.ts'
import { resolveConsumerOptions } from '../options.ts'
import type { ConsumerOptions, ConsumerSettings } from '../options.ts'
import { isQueueRef, notAssigned } from '../queues/queue-refs.ts'

/** What a consumer that is asked for messages has in common with one that hands them out. */
type Common =
  'group' | 'subscribe' | 'startFrom' | 'model' | 'allocate' | 'flow' | 'offsets' | 'commit' | 'verifyBodyCrc'

/** What `client.pullConsumer()` is told. A bad option throws ERR_RMQ_ILLEGAL and names itself. */
export interface PullConsumerOptions<S extends readonly SubscriptionSpec[] = readonly SubscriptionSpec[]> extends Pick<
  ConsumerOptions<S>,
  Common
> {
  /**
   * `auto`: the queues of the topics in `subscribe` are shared out among the members of the group. A list, which may be
   * empty at first: exactly these queues of these topics, whoever else has them, until `assign` chooses others. Default `auto`.
   */
  readonly assign?: 'auto' | readonly QueueRef[]
  /**
   * Whether a poll says that what earlier ones handed out is consumed. `false`: nothing is committed but by `commit$`.
   * Default true, as Java's.
   */
  readonly autoCommit?: boolean
  /** How long `poll$()` waits for messages, ms. Default 5,000, as Java's pollTimeoutMillis. */
  readonly pollTimeoutMs?: number
}

export interface PullSettings {
  readonly settings: ConsumerSettings
  readonly assign: 'auto' | readonly QueueRef[]
  readonly pollTimeoutMs: number
}

const KNOWN = {
  group: 0,
  subscribe: 0,
  startFrom: 0,
  model: 0,
  allocate: 0,
  flow: 0,
  offsets: 0,
  commit: 0,
  verifyBodyCrc: 0,
  assign: 0,
  autoCommit: 0,
  pollTimeoutMs: 0,
} satisfies Record<keyof PullConsumerOptions, unknown>

/** What is told as no option already is not told again. */
const onlyKnown = (given: ConsumerOptions): ConsumerOptions =>
  Object.fromEntries(Object.entries(given).filter(([name]) => Object.hasOwn(KNOWN, name))) as unknown as ConsumerOptions

/** Complete and checked; a bad option is ERR_RMQ_ILLEGAL and names itself. `undefined` means the default. */
export const resolvePullConsumerOptions = (given: PullConsumerOptions, commitMs: number): PullSettings =>
  collected('a pull consumer', () => {
    const options = optionsOf('options', given) as PullConsumerOptions
    checkNames('pullConsumer', options, KNOWN)
    const { assign = 'auto', autoCommit, pollTimeoutMs, ...common } = options
    const settings = resolveConsumerOptions(onlyKnown(common), commitMs)
    if (assign !== 'auto') {
      checkChosen(assign, settings)
      if (Array.isArray(assign)) checkNothingShared(common)
    }
    return {
      settings: { ...settings, assign, polled: true, autoCommit: checkedBool('autoCommit', autoCommit, true) },
      assign,
      pollTimeoutMs: checkedMs('pollTimeoutMs', pollTimeoutMs, 5_000, 0),
    }
  })

/** Throws for what is no list of queues, or of queues that are not subscribed to. */
export const checkChosen = (queues: unknown, { subscriptions }: Pick<ConsumerSettings, 'subscriptions'>): void => {
  if (!Array.isArray(queues) || !queues.every(isQueueRef)) {
    return wrong(notAssigned(), undefined)
  }
  const topics = subscriptions.map(({ topic }) => topic.name)
  for (const why of problemsOf(queues, topics)) wrong(illegal(why), undefined)
}
