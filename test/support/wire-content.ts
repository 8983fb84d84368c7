import { decodeBatchBody } from '../../src/protocol/messages/client-batch.ts'
import { decompressBody } from '../../src/protocol/compression/decompress.ts'
import type { Frame } from '../../src/protocol/frames/frame.ts'
import { readProperties } from '../../src/protocol/messages/properties.ts'
import { requestName, REQUESTS } from '../../src/protocol/requests/requests.ts'

/** What a request to do with a message says, without how it is written. */
export interface WireContent {
  readonly request: string
  readonly flag: number
  readonly fields: Readonly<Record<string, string>>
  readonly properties: Readonly<Record<string, string>>
  readonly body: unknown
}

const ANY = '<any>'
/** What differs from send to send: that it is there is compared, its value is not. */
const VOLATILE_FIELDS = new Set([
  'bornTimestamp',
  'queueId',
  'tranStateTableOffset',
  'commitLogOffset',
  'msgId',
  'transactionId',
  'recallHandle',
])
const VOLATILE_PROPERTIES = new Set(['UNIQ_KEY', 'CORRELATION_ID', 'REPLY_TO_CLIENT', 'TIMER_DELIVER_MS'])

export const wireContent = (frame: Frame): WireContent => {
  const fields = named(frame)
  return {
    request: requestName(frame.code),
    flag: frame.flag,
    fields: settled(without(fields, 'properties'), VOLATILE_FIELDS),
    properties: settled(readProperties(fields['properties'] ?? ''), VOLATILE_PROPERTIES),
    body: bodyOf(frame, fields),
  }
}

/** Fields of the short send headers under their long names. */
const named = ({ code, fields }: Frame): Record<string, string> => {
  const row = Object.values(REQUESTS).find(request => request.code === code)
  const asks = (row?.asks ?? {}) as Readonly<Record<string, { readonly wireName?: string }>>
  const longNames = new Map(Object.entries(asks).map(([name, { wireName = name }]) => [wireName, name]))
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [longNames.get(name) ?? name, value]))
}

const bodyOf = ({ code, body }: Frame, fields: Readonly<Record<string, string>>): unknown => {
  if (code === REQUESTS.SEND_BATCH_MESSAGE.code) {
    return decodeBatchBody(body).map(({ properties, body: member, flag }) => ({
      flag,
      properties: settled(properties, VOLATILE_PROPERTIES),
      body: member.toString(),
    }))
  }
  const sysFlag = Number(fields['sysFlag'] ?? 0)
  return (sysFlag & 1) === 0 ? body.toString() : decompressBody(body, sysFlag, 1 << 20).toString()
}

const settled = (
  values: Readonly<Record<string, string>>,
  variable: ReadonlySet<string>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, variable.has(name) ? ANY : value]))

const without = (values: Readonly<Record<string, string>>, gone: string): Record<string, string> =>
  Object.fromEntries(Object.entries(values).filter(([name]) => name !== gone))
