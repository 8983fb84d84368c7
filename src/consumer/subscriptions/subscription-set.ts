import { BehaviorSubject, distinctUntilChanged, map, Subject, takeUntil } from 'rxjs'
import type { Observable } from 'rxjs'
import { checkedMs } from '../../client/checks.ts'
import { illegal } from '../../errors.ts'
import { topic as rawTopic } from '../../messages/topic.ts'
import type { SubscriptionSpec, Topic } from '../../messages/topic.ts'
import { conflictOf, createConflicts } from './subscription-conflicts.ts'
import type { SubscriptionConflict } from './subscription-conflicts.ts'
import type { SubscriptionEntry } from './subscription-entry.ts'
import { readSubscriptions, writeSubscriptions } from './subscription-json.ts'
import { checkCount, checkSubscription, MOST_SUBSCRIPTIONS } from './subscription-rules.ts'

/** How many there are, of what. */
export interface SubscriptionSummary {
  readonly subscriptions: number
  readonly active: number
  readonly inactive: number
  /** Conflicts so far, and those of the last 24 hours that are still in the history. */
  readonly conflicts: number
  readonly recentConflicts: number
  readonly limit: number
  /** From 0 to 1: subscriptions of the limit. */
  readonly utilization: number
}

/** What a consumer subscribes to, topic by topic, while it runs. What is wrong throws ERR_RMQ_ILLEGAL and changes nothing. */
export interface SubscriptionSet {
  /**
   * Subscribes to one topic more, and activates it if it is only remembered. False when it is subscribed to just so. With
   * another filter than the topic has it is a conflict, which throws and is kept in the history: `update` is for that.
   */
  add(spec: SubscriptionSpec): boolean
  /** Whether it was there. */
  remove(topic: Topic | string): boolean
  /** Gives a topic another filter or codec; false when it has it already. Throws when the topic is not subscribed to. */
  update(spec: SubscriptionSpec): boolean
  /** Brokers are told again. False when it is active; throws when the topic is not subscribed to. */
  activate(topic: Topic | string): boolean
  /** Brokers are told no more; it stays here with its filter. */
  deactivate(topic: Topic | string): boolean
  /** Forgets what has been inactive for so many ms (default 24 hours); how many. */
  removeInactive(forMs?: number): number
  /** Forgets all subscriptions; how many. The history of conflicts stays. */
  clear(): number
  /** What is known of a topic; undefined when it is not subscribed to. */
  get(topic: Topic | string): SubscriptionEntry | undefined
  /** All, in the order they were added. */
  list(): readonly SubscriptionEntry[]
  /** What brokers are told. */
  active(): readonly SubscriptionSpec[]
  /** The newest 100, oldest first. */
  conflicts(): readonly SubscriptionConflict[]
  /** Counts, as of now. */
  summary(): SubscriptionSummary
  /** Everything but codecs, as text. */
  exportJson(): string
  /**
   * Replaces everything by what was exported, or nothing when a part of it is wrong. `topicOf` gives topics their codecs;
   * default: those that they have here, else raw bytes.
   */
  importJson(text: string, topicOf?: (name: string) => Topic): void
  /** Grows with each change, epoch ms: the version under which brokers are told. */
  readonly version: number
  /** All, now and after each change; completes when the client closes. */
  readonly changes$: Observable<readonly SubscriptionEntry[]>
  /** Each conflict when it happens. */
  readonly conflicts$: Observable<SubscriptionConflict>
}

const DAY_MS = 86_400_000

const named = (topic: Topic | string): string => (typeof topic === 'string' ? topic : topic.name)

/**
 * @param specs what options said, and were checked for
 * @param now epoch ms
 */
export const createSubscriptionSet = (
  specs: readonly SubscriptionSpec[],
  now: () => number,
  closing$: Observable<unknown>,
): SubscriptionSet => {
  let entries: ReadonlyMap<string, SubscriptionEntry> = new Map()
  let snapshot: readonly SubscriptionEntry[] = []
  let version = -1
  const history = createConflicts()
  const changes = new BehaviorSubject<void>(undefined)
  const conflicts = new Subject<SubscriptionConflict>()

  /** Later than the one before, even within one ms or when the clock goes back: brokers ignore what is not newer. */
  const nextVersion = (): number => (version = Math.max(now(), version + 1))
  const replace = (next: ReadonlyMap<string, SubscriptionEntry>): void => {
    entries = next
    snapshot = [...next.values()]
    changes.next()
  }
  const put = (entry: SubscriptionEntry): true => {
    replace(new Map(entries).set(entry.spec.topic.name, entry))
    return true
  }
  const without = (isGone: (entry: SubscriptionEntry) => boolean): number => {
    const kept = [...entries].filter(([, entry]) => !isGone(entry))
    const gone = entries.size - kept.length
    if (gone === 0) return 0
    nextVersion()
    replace(new Map(kept))
    return gone
  }
  const known = (topic: Topic | string): SubscriptionEntry => {
    const entry = entries.get(named(topic))
    if (entry !== undefined) return entry
    throw illegal(`topic "${named(topic)}" is not subscribed to: add it first`, { topic: named(topic) })
  }
  const turned = (topic: Topic | string, isActive: boolean): boolean => {
    const entry = known(topic)
    return entry.isActive !== isActive && put({ ...entry, isActive, changedAt: nextVersion() })
  }

  checkCount(specs.length)
  const at = nextVersion()
  replace(new Map(specs.map(spec => [spec.topic.name, { spec, isActive: true, addedAt: at, changedAt: at }])))

  return {
    add: spec => {
      checkSubscription(spec)
      const entry = entries.get(spec.topic.name)
      if (entry === undefined) {
        checkCount(entries.size + 1)
        const addedAt = nextVersion()
        return put({ spec, isActive: true, addedAt, changedAt: addedAt })
      }
      const conflict = conflictOf(entry.spec, spec, now())
      if (conflict === undefined) return turned(spec.topic, true)
      history.note(conflict)
      conflicts.next(conflict)
      throw illegal(`${conflict.description}: update it, or remove it first`, { topic: conflict.topic })
    },
    remove: topic => without(({ spec }) => spec.topic.name === named(topic)) > 0,
    update: spec => {
      checkSubscription(spec)
      const entry = known(spec.topic)
      const isSame = conflictOf(entry.spec, spec, 0) === undefined && entry.spec.topic.codec === spec.topic.codec
      return !isSame && put({ ...entry, spec, changedAt: nextVersion() })
    },
    activate: topic => turned(topic, true),
    deactivate: topic => turned(topic, false),
    removeInactive: forMs => {
      const before = now() - checkedMs('forMs', forMs, DAY_MS, 0)
      return without(({ isActive, changedAt }) => !isActive && changedAt <= before)
    },
    clear: () => without(() => true),
    get: topic => entries.get(named(topic)),
    list: () => snapshot,
    active: () => snapshot.filter(({ isActive }) => isActive).map(({ spec }) => spec),
    conflicts: history.list,
    summary: () => {
      const active = snapshot.filter(({ isActive }) => isActive).length
      return {
        subscriptions: entries.size,
        active,
        inactive: entries.size - active,
        conflicts: history.total(),
        recentConflicts: history.list().filter(({ at }) => at > now() - DAY_MS).length,
        limit: MOST_SUBSCRIPTIONS,
        utilization: entries.size / MOST_SUBSCRIPTIONS,
      }
    },
    exportJson: () => writeSubscriptions({ entries: snapshot, conflicts: history.list() }, now()),
    importJson: (text, topicOf = name => entries.get(name)?.spec.topic ?? rawTopic(name)) => {
      const read = readSubscriptions(text, topicOf)
      nextVersion()
      history.replace(read.conflicts)
      replace(new Map(read.entries.map(entry => [entry.spec.topic.name, entry])))
    },
    get version() {
      return version
    },
    // a listener may change the set again: whoever is told after that is told the newest
    changes$: changes.pipe(
      map(() => snapshot),
      distinctUntilChanged(),
      takeUntil(closing$),
    ),
    conflicts$: conflicts.pipe(takeUntil(closing$)),
  }
}
