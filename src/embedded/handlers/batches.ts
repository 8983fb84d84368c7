import Long from 'long'
import { readBatchMembers } from '../../protocol/messages/client-batch.ts'
import type { Fields } from '../../protocol/frames/frame.ts'
import { tagCode } from '../../protocol/hashes.ts'
import { encodeOffsetId } from '../../protocol/messages/message-id.ts'
import { isRetryTopic } from '../../protocol/names.ts'
import {
  MAX_PROPERTIES_BYTES,
  PROPERTY,
  PROPERTY_SEPARATOR,
  readProperties,
  writeProperties,
} from '../../protocol/messages/properties.ts'
import { RESPONSE } from '../../protocol/responses.ts'
import { transactionOf } from '../../protocol/sys-flags.ts'
import { type Refusal, refusal } from '../answers.ts'
import type { BrokerContext } from '../broker-context.ts'
import type { Draft } from '../log.ts'
import { storePlaced } from '../storing.ts'

/** What the messages of a batch have in common. */
export type BatchPlace = Omit<Draft, 'flag' | 'storedBody' | 'propertiesText' | 'tagCode'>

/**
 * Stores each member as a message of its own, all or none, and tells where they are. To the properties of a member come
 * those of the batch, which win: a 5.x Java client names one unique key for the batch, and all its members get it.
 */
export const storeBatch = (
  context: BrokerContext,
  place: BatchPlace,
  common: Readonly<Record<string, string>>,
  body: Buffer,
): Fields | Refusal => {
  if (isRetryTopic(place.topic)) return illegal('a batch cannot go to a retry topic')
  if (transactionOf(place.sysFlag) !== 'none') return illegal('a batch cannot be part of a transaction')
  if (Number(common[PROPERTY.DELAY]) > 0) return illegal('a batch cannot be delayed')
  const commonText = writeProperties({ ...common, [PROPERTY.CLUSTER]: context.clusterName })
  const drafts = readBatchMembers(body).map((member): Draft => {
    const propertiesText = joined(member.propertiesText, commonText)
    return {
      ...place,
      flag: member.flag,
      storedBody: member.body,
      propertiesText,
      tagCode: tagCode(readProperties(propertiesText)[PROPERTY.TAGS]),
    }
  })
  for (const { propertiesText } of drafts) {
    const bytes = Buffer.byteLength(propertiesText)
    if (bytes > MAX_PROPERTIES_BYTES) {
      return illegal(
        `a member of the batch has ${bytes} bytes of properties with the batch's, the limit is ${MAX_PROPERTIES_BYTES}`,
      )
    }
  }
  const records = drafts.map(draft => storePlaced(context, { draft, level: 0 }))
  const uniqueKey = common[PROPERTY.UNIQUE_KEY]
  return {
    msgId: records.map(record => encodeOffsetId(context.host, Long.fromNumber(record.physicalOffset))).join(','),
    queueId: String(place.queueId),
    queueOffset: String(records[0]?.queueOffset),
    ...(uniqueKey === undefined ? {} : { transactionId: uniqueKey }),
  }
}

const illegal = (remark: string): Refusal => refusal(RESPONSE.MESSAGE_ILLEGAL, remark)

/** Clients before 5.2.0 leave the last separator out. */
const joined = (own: string, common: string): string =>
  own === '' || own.endsWith(PROPERTY_SEPARATOR) ? own + common : own + PROPERTY_SEPARATOR + common
