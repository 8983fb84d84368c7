import Long from 'long'
import { expect, it } from 'vitest'
import { compileSql92 } from '../../src/embedded/sql92.ts'
import { isRocketError } from '../../src/errors.ts'
import { parseAttributes } from '../../src/protocol/frames/attributes.ts'
import { decodeBitSet } from '../../src/protocol/pop/bit-set.ts'
import { int, int64 } from '../../src/protocol/requests/fields.ts'
import { readJsonHeader } from '../../src/protocol/frames/header-json.ts'
import { ipToBytes } from '../../src/protocol/hosts.ts'
import { readLenientJson } from '../../src/protocol/lenient-json.ts'
import { decodeOffsetId } from '../../src/protocol/messages/message-id.ts'
import { decodeTraceRecords } from '../../src/protocol/bodies/message-trace.ts'
import { decodePopCheckPoint } from '../../src/protocol/pop/pop-check-point.ts'
import { decodeMessageOffsets, decodeOrderCounts, decodeStartOffsets } from '../../src/protocol/pop/pop-infos.ts'
import { deleteProperty, readProperties } from '../../src/protocol/messages/properties.ts'
import { decodeRecallHandle } from '../../src/protocol/recall-handle.ts'
import { decodeReceiptHandle } from '../../src/protocol/pop/receipt-handle.ts'
import { tagSubscription } from '../../src/protocol/subscription.ts'

const LENGTH = 200_000
/** A pattern that starts anew at each character would take minutes; reading once takes a few milliseconds. */
const MS = 1_500

const readers: Readonly<Record<string, (text: string) => unknown>> = {
  'a JSON header': text => readJsonHeader(Buffer.from(text)),
  'a JSON body': readLenientJson,
  properties: readProperties,
  'properties less one': text => deleteProperty(text, 'a'),
  attributes: parseAttributes,
  'a bit set': decodeBitSet,
  'a number': text => int.read(text, 'x'),
  'a long number': text => int64.read(text, 'x'),
  'an address': ipToBytes,
  'an offset id': decodeOffsetId,
  'trace records': decodeTraceRecords,
  'a POP handle': decodePopCheckPoint,
  'a receipt handle': decodeReceiptHandle,
  'a recall handle': decodeRecallHandle,
  'start offsets': decodeStartOffsets,
  'message offsets': decodeMessageOffsets,
  'order counts': decodeOrderCounts,
  'a tag expression': text => tagSubscription('t', text, Long.ZERO),
  'an SQL92 expression': text => compileSql92(text.slice(0, 16_384)),
}

const PIECES = [',', ';', '=', ' ', '%', ':', '0', '9', 'a', '+', '-', '|', '||', ' || ', '\u0001', '\u0002', '\u0001a\u0002', 'a\u0001', '"', "'", '\\', '\\"', '[', '{', '{"a":', '[],', '\ufffd', '😀', '.', '+a=b,'] // prettier-ignore

it.each(Object.entries(readers))(
  '%s of hundreds of thousands of equal characters takes no time',
  (_what, read) => {
    for (const piece of PIECES) {
      const many = piece.repeat(LENGTH / piece.length)
      for (const text of [many, `${many}x`, `x${many}x`, `${many}\n`, `"${many}`, `{"a":"${many}`]) {
        const startedMs = performance.now()
        try {
          read(text)
        } catch (error) {
          if (!isRocketError(error))
            throw new Error(`a RocketError was expected of ${piece}, not ${String(error)}`, { cause: error })
          expect(error.message.length).toBeLessThan(1_000)
        }
        expect([piece, performance.now() - startedMs < MS]).toEqual([piece, true])
      }
    }
  },
  60_000,
)
