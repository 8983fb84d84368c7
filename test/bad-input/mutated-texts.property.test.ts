import Long from 'long'
import { it } from 'vitest'
import { parseAttributes } from '../../src/protocol/frames/attributes.ts'
import { decodeBitSet } from '../../src/protocol/pop/bit-set.ts'
import { int, int64 } from '../../src/protocol/requests/fields.ts'
import { ipToBytes } from '../../src/protocol/hosts.ts'
import { decodeOffsetId } from '../../src/protocol/messages/message-id.ts'
import { decodeTraceRecords, encodeTraceRecords } from '../../src/protocol/bodies/message-trace.ts'
import { decodePopCheckPoint } from '../../src/protocol/pop/pop-check-point.ts'
import { decodeMessageOffsets, decodeOrderCounts, decodeStartOffsets } from '../../src/protocol/pop/pop-infos.ts'
import { deleteProperty, readProperties, writeProperties } from '../../src/protocol/messages/properties.ts'
import { decodeRecallHandle } from '../../src/protocol/recall-handle.ts'
import { decodeReceiptHandle } from '../../src/protocol/pop/receipt-handle.ts'
import { tagSubscription } from '../../src/protocol/subscription.ts'
import type { Vector } from '../support/golden.ts'
import { goldenSeeds } from '../support/mutations.ts'
import { CASES, must, valueOrError, withstands } from '../support/robust.ts'

/** All readers of texts that travel in headers, properties and bodies; each gets every text, of its own kind or not. */
const READERS: readonly ((text: string) => unknown)[] = [
  parseAttributes,
  decodeBitSet,
  text => int.read(text, 'x'),
  text => int64.read(text, 'x'),
  ipToBytes,
  decodeOffsetId,
  decodeTraceRecords,
  decodePopCheckPoint,
  decodeReceiptHandle,
  decodeRecallHandle,
  decodeStartOffsets,
  decodeMessageOffsets,
  decodeOrderCounts,
  text => tagSubscription('t', text, Long.ZERO),
]

/** Every text inside a vector. */
const textsIn = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}
const files = /^(message-properties|message-trace|pop-strings|message-ids|names|subscriptions)/
const seeds = goldenSeeds(files, ({ input, expect }: Vector) => Buffer.from(textsIn([input, expect]).join('\u0002')))
const single = goldenSeeds(files, ({ input }: Vector) => Buffer.from(textsIn(input)[0] ?? ''))

it('damaged properties are read as Java reads them, and what was read comes back when it is written again', () => {
  withstands(seeds, CASES.properties, bytes => {
    const text = bytes.toString('utf8')
    const properties = readProperties(text)
    for (const [name, value] of Object.entries(properties)) {
      must(name !== '' && value !== '' && text.includes(`${name}\u0001${value}`), 'properties are part of their text')
    }
    const again = readProperties(writeProperties(properties))
    must(JSON.stringify(again) === JSON.stringify(properties), 'writing and reading again changes nothing')
    must(deleteProperty(text, 'TAGS').length <= text.length, 'deleting never adds')
  })
}, 120_000)

it('damaged ids, handles, traces and other texts are read, or refused with what was expected', () => {
  withstands(single, CASES.texts, bytes => {
    const text = bytes.toString('utf8')
    for (const read of READERS) valueOrError(() => read(text), /./)
    const records = valueOrError(() => decodeTraceRecords(text), /^trace record \d+ at character \d+/) ?? []
    must(encodeTraceRecords(records).length <= 2 * text.length + 100, 'records hold no more than their text')
  })
}, 120_000)
