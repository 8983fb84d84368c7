import { EMPTY } from 'rxjs'
import { originalTopic, toInbound } from '../../client/received.ts'
import type { Inbound } from '../../messages/message.ts'
import type { QueueRef } from '../../messages/offsets.ts'
import { withNamespace, withoutNamespace } from '../../protocol/names.ts'
import type { StoredMessage } from '../../protocol/messages/stored-message.ts'
import { QueueDelivery } from './delivery.ts'
import type { Settler } from './delivery.ts'
import type { ConsumerSettings } from '../options.ts'
import type { Subscriptions } from '../subscriptions/subscriptions.ts'

/** How stored messages become what users see. */
export interface Reading {
  /** The topic that a message was published to, as users know it. */
  topicOf(stored: StoredMessage): string
  /** Decompresses, checks and decodes; throws ERR_RMQ_DECODE. */
  read(stored: StoredMessage, queue: QueueRef, topic: string): Inbound
  /** A delivery that belongs to no queue: settling it has no effect but on itself. */
  loose(stored: StoredMessage): QueueDelivery
}

export const createReading = (
  { group, verifyBodyCrc }: ConsumerSettings,
  subscriptions: Pick<Subscriptions, 'codecOf'>,
  namespace: string | undefined,
): Reading => {
  const wireGroup = withNamespace(group, namespace)
  const topicOf = (stored: StoredMessage): string => withoutNamespace(originalTopic(stored, wireGroup), namespace)
  const read = (stored: StoredMessage, queue: QueueRef, topic: string): Inbound =>
    toInbound(stored, queue, topic, subscriptions.codecOf(topic), verifyBodyCrc)
  return {
    topicOf,
    read,
    loose: stored => {
      const topic = topicOf(stored)
      const queue = { topic, brokerName: '', queueId: stored.queueId }
      const settler: Settler = {
        queue,
        maxAttempts: Infinity, // nothing is sent back
        read: () => read(stored, queue, topic),
        acked: delivery => delivery.finish('acked'),
        sendBack: delivery => delivery.finish('retry-scheduled'),
        released: delivery => delivery.finish('released'),
        extend$: () => EMPTY,
      }
      return new QueueDelivery(stored, topic, settler)
    },
  }
}
