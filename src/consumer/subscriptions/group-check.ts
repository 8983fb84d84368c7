import { catchError, EMPTY, filter, map, throwError } from 'rxjs'
import type { Observable } from 'rxjs'
import { isRocketError } from '../../errors.ts'
import type { ConsumerData, GroupConnections } from '../../protocol/bodies/bodies.ts'
import { isRetryTopic, withoutNamespace } from '../../protocol/names.ts'
import { RESPONSE } from '../../protocol/responses.ts'
import type { SubscriptionData } from '../../protocol/subscription.ts'

/** A member as it is, or is about to be. */
export interface Mine extends ConsumerData {
  readonly clientId: string
}

const MOST_IDS = 5
const MOST_CHARACTERS = 100

/**
 * In what a member and the others of its group differ, one sentence each. Brokers tell only the latest heartbeat of the
 * group: once this member has joined, that may be its own, which agrees with everybody.
 */
export const disagreements = (mine: Mine, theirs: GroupConnections): readonly string[] => {
  const namesakes = theirs.connections.filter(({ clientId }) => clientId === mine.clientId)
  const others = theirs.connections.filter(({ clientId }) => clientId !== mine.clientId)
  return [
    ...sameId(mine, namesakes),
    ...(others.length === 0
      ? []
      : differences(mine, theirs, `members ${listed(others.map(({ clientId }) => clientId))}`)),
  ]
}

/** One of that name may be this member itself: its first heartbeat overtakes the question, or the question it. */
const sameId = ({ clientId, groupName }: Mine, namesakes: GroupConnections['connections']): readonly string[] => {
  if (namesakes.length <= 1) return []
  const places = listed(namesakes.map(({ clientAddr }) => clientAddr))
  return [
    `client id "${clientId}" is used by more than one member of group "${groupName}" (${places}): ` +
      'they are given the same queues, and consume them twice',
  ]
}

const differences = (mine: Mine, theirs: GroupConnections, others: string): readonly string[] => [
  ...(mine.messageModel === theirs.messageModel
    ? []
    : [`group "${mine.groupName}": this member consumes ${mine.messageModel}, ${others} ${theirs.messageModel}`]),
  ...(mine.consumeType === theirs.consumeType
    ? []
    : [`group "${mine.groupName}": this member is of type ${mine.consumeType}, ${others} of ${theirs.consumeType}`]),
  ...differentTopics(topicsOf(mine.subscriptions), topicsOf(theirs.subscriptions), others),
]

/** By topic. Retry topics follow from the rest. */
const topicsOf = (subscriptions: readonly SubscriptionData[]): ReadonlyMap<string, SubscriptionData> =>
  new Map(subscriptions.filter(({ topic }) => !isRetryTopic(topic)).map(one => [one.topic, one]))

const differentTopics = (
  mine: ReadonlyMap<string, SubscriptionData>,
  theirs: ReadonlyMap<string, SubscriptionData>,
  others: string,
): readonly string[] =>
  [...new Set([...mine.keys(), ...theirs.keys()])].flatMap(topic => {
    const [ours, other] = [mine.get(topic), theirs.get(topic)]
    if (ours !== undefined && other !== undefined && isSame(ours, other)) return []
    return [`topic "${topic}": this member subscribes to ${expression(ours)}, ${others} to ${expression(other)}`]
  })

const isSame = (a: SubscriptionData, b: SubscriptionData): boolean => {
  if (a.expressionType !== b.expressionType) return false
  if (a.expressionType !== 'TAG') return a.subString.trim() === b.subString.trim()
  return sorted(a.tagsSet) === sorted(b.tagsSet)
}

const sorted = (tags: readonly string[]): string => JSON.stringify([...new Set(tags)].sort())

const expression = (subscription: SubscriptionData | undefined): string => {
  if (subscription === undefined) return 'none of it'
  const { expressionType, subString } = subscription
  const text = subString.length > MOST_CHARACTERS ? `${subString.slice(0, MOST_CHARACTERS)}…` : subString
  return `${expressionType === 'TAG' ? '' : `${expressionType} `}"${text}"`
}

const listed = (names: readonly string[]): string => {
  const distinct = [...new Set(names)]
  const more = distinct.length - MOST_IDS
  return distinct.slice(0, MOST_IDS).join(', ') + (more > 0 ? ` and ${more} more` : '')
}

export interface GroupCheck {
  readonly connections$: (endpoint: string, group: string) => Observable<GroupConnections>
  readonly namespace: string | undefined
}

/**
 * Asks a broker of the topic who else is in the group. One list if there are disagreements, else nothing: a group without
 * members is none. Errors with what the broker answered; that is no reason not to join. Best asked before joining.
 */
export const checkGroup$ = (
  { connections$, namespace }: GroupCheck,
  endpoint: string,
  mine: Mine,
): Observable<readonly string[]> =>
  connections$(endpoint, mine.groupName).pipe(
    map(theirs => disagreements(mine, bare(theirs, namespace))),
    filter(conflicts => conflicts.length > 0),
    catchError((error: unknown) => (isNobody(error) ? EMPTY : throwError(() => error))),
  )

const isNobody = (error: unknown): boolean =>
  isRocketError(error) && error.responseCode === RESPONSE.CONSUMER_NOT_ONLINE

const bare = (theirs: GroupConnections, namespace: string | undefined): GroupConnections => ({
  ...theirs,
  subscriptions: theirs.subscriptions.map(one => ({ ...one, topic: withoutNamespace(one.topic, namespace) })),
})
