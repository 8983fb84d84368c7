import { isRetryTopic } from '../protocol/names.ts'
import { popRetryTopicV1 } from '../protocol/pop/pop-retry-topic.ts'
import { PROPERTY } from '../protocol/messages/properties.ts'
import { readStoredMessages } from '../protocol/messages/stored-message.ts'
import type { PopPlace } from './pop-check-points.ts'
import { draftOf, type Store, storePlaced } from './storing.ts'
import { READ_WRITE } from './topics.ts'

/** Where messages of a topic come again for a group that pops them. */
export const popRetryTopicOf = (topic: string, group: string): string =>
  isRetryTopic(topic) ? topic : popRetryTopicV1(topic, group)

/**
 * A popped message was not acknowledged in time: a copy comes again through the retry topic, counted. Official brokers do
 * so some seconds late; there is no last time, and no dead letter. A message that the store has dropped is lost to the group.
 */
export const revive = (store: Store, { topic, group, queueId, popTime }: PopPlace, offset: number): void => {
  const record = store.log.existing(topic, queueId)?.at(offset)
  const message = record && readStoredMessages(record.bytes).messages[0]
  if (message === undefined) return
  const retryTopic = popRetryTopicOf(topic, group)
  if (store.topics.get(retryTopic) === undefined) {
    store.topics.set({ name: retryTopic, readQueues: 1, writeQueues: 1, perm: READ_WRITE })
  }
  const properties = { [PROPERTY.FIRST_POP_TIME]: String(popTime), ...message.properties }
  const draft = draftOf(
    { ...contentOf(message), reconsumeTimes: message.reconsumeTimes + 1 },
    retryTopic,
    0,
    properties,
  )
  storePlaced(store, { draft, level: 0 })
}

type Content = Parameters<typeof draftOf>[0]

/** A record reads its fields when they are asked for: spreading it would copy none. */
const contentOf = (message: Content): Content => ({
  flag: message.flag,
  sysFlag: message.sysFlag,
  bornTimestamp: message.bornTimestamp,
  bornHost: message.bornHost,
  reconsumeTimes: message.reconsumeTimes,
  storedBody: message.storedBody,
  properties: message.properties,
})
