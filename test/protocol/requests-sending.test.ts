import fc from 'fast-check'
import Long from 'long'
import { expect, it } from 'vitest'
import { readHeader, writeHeader } from '../../src/protocol/requests/fields.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'

const int = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const required = fc.record({
  producerGroup: fc.string(),
  topic: fc.string(),
  defaultTopic: fc.string(),
  defaultTopicQueueNums: int,
  queueId: int,
  sysFlag: int,
  bornTimestamp: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(value => Long.fromString(String(value))),
  flag: int,
})
const optional = fc.record(
  {
    properties: fc.string(),
    reconsumeTimes: int,
    unitMode: fc.boolean(),
    maxReconsumeTimes: int,
    batch: fc.boolean(),
    bname: fc.string(),
    ns: fc.string(),
    nsd: fc.boolean(),
  },
  { requiredKeys: [] },
)

it('a send writes its header by hand as the table of fields does, whatever is left out', () => {
  const { SEND_MESSAGE_V2 } = REQUESTS
  fc.assert(
    fc.property(required, optional, (must, may) => {
      const header = { ...must, ...may }
      const fields = SEND_MESSAGE_V2.write?.(header) ?? {}
      expect(Object.entries(fields)).toEqual(Object.entries(writeHeader(SEND_MESSAGE_V2.asks, header)))
      expect(readHeader(SEND_MESSAGE_V2.asks, fields)).toEqual(header)
    }),
  )
})
