import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  deleteProperty,
  NAME_SEPARATOR,
  PROPERTY,
  PROPERTY_SEPARATOR,
  readProperties,
  RESERVED_PROPERTIES,
  writeProperties,
} from '../../src/protocol/messages/properties.ts'

// MessageConst.STRING_HASH_SET of the official Java 5.3.3
const REFUSED_BY_JAVA =
  'TRACE_ON MSG_REGION KEYS TAGS WAIT DELAY RETRY_TOPIC REAL_TOPIC REAL_QID TRAN_MSG PGROUP MIN_OFFSET MAX_OFFSET ' +
  'BUYER_ID ORIGIN_MESSAGE_ID TRANSFER_FLAG CORRECTION_FLAG MQ2_FLAG RECONSUME_TIME UNIQ_KEY MAX_RECONSUME_TIMES ' +
  'CONSUME_START_TIME POP_CK POP_CK_OFFSET 1ST_POP_TIME TRAN_PREPARED_QUEUE_OFFSET DUP_INFO EXTEND_UNIQ_INFO ' +
  'INSTANCE_ID CORRELATION_ID REPLY_TO_CLIENT TTL ARRIVE_TIME PUSH_REPLY_TIME CLUSTER MSG_TYPE ' +
  'INNER_MULTI_QUEUE_OFFSET TIMER_DELAY_MS TIMER_DELAY_SEC TIMER_DELIVER_MS TIMER_ENQUEUE_MS TIMER_DEQUEUE_MS ' +
  'TIMER_ROLL_TIMES TIMER_OUT_MS TIMER_DEL_UNIQKEY TIMER_DELAY_LEVEL __BORNHOST BORN_TIMESTAMP DLQ_ORIGIN_TOPIC ' +
  'DLQ_ORIGIN_MESSAGE_ID __CRC32#'

const word = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  .filter(text => !text.includes(NAME_SEPARATOR) && !text.includes(PROPERTY_SEPARATOR))

const separatorSoup = fc.string({ unit: fc.constantFrom('a', 'b', NAME_SEPARATOR, PROPERTY_SEPARATOR), maxLength: 40 })

/** Java's rules, said again as they stand in the manual: split, keep what has a separator inside. */
const splitByTheBook = (text: string): Record<string, string> => {
  const properties: Record<string, string> = {}
  for (const item of text.split(PROPERTY_SEPARATOR)) {
    const at = item.indexOf(NAME_SEPARATOR)
    if (item.length >= 3 && at > 0 && at < item.length - 1) properties[item.slice(0, at)] = item.slice(at + 1)
  }
  return properties
}

describe('properties', () => {
  it('are read back as they were written', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(word, word), { maxLength: 12 }), pairs => {
        const properties = Object.fromEntries(pairs)
        expect({ ...readProperties(writeProperties(properties)) }).toEqual(properties)
      }),
    )
  })

  it('are read back without the last separator, as old releases write them', () => {
    fc.assert(
      fc.property(word, word, (name, value) => {
        expect(readProperties(writeProperties({ [name]: value }).slice(0, -1))[name]).toBe(value)
      }),
    )
  })

  it('are read by the rules, whatever the text', () => {
    fc.assert(
      fc.property(separatorSoup, text => {
        expect({ ...readProperties(text) }).toEqual(splitByTheBook(text))
      }),
    )
  })

  it('may have names that mean something to JavaScript', () => {
    const text = '__proto__\u0001a\u0002constructor\u0001b\u0002toString\u0001c\u0002'
    const properties = readProperties(text)
    expect(Object.entries(properties)).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
      ['toString', 'c'],
    ])
    expect(writeProperties(properties)).toBe(text)
  })

  it('that are missing are undefined, even those that every object has', () => {
    const { constructor: made, hasOwnProperty: own, ...rest } = readProperties('A\u00011')
    expect([made, own]).toEqual([undefined, undefined])
    expect(rest).toEqual({ A: '1' })
  })

  it('lose one name and nothing else', () => {
    fc.assert(
      fc.property(separatorSoup, text => {
        const before = Object.entries(splitByTheBook(text)).filter(([name]) => name !== 'a')
        const after = deleteProperty(text, 'a')
        expect({ ...readProperties(after) }).toEqual(Object.fromEntries(before))
        expect(deleteProperty(after, 'a')).toBe(after)
      }),
    )
  })
})

describe('reserved properties', () => {
  it('are those that the official client refuses from users', () => {
    expect([...RESERVED_PROPERTIES].sort()).toEqual(REFUSED_BY_JAVA.split(' ').sort())
  })

  it('leave the ordering key to the user', () => {
    expect(RESERVED_PROPERTIES.has(PROPERTY.SHARDING_KEY)).toBe(false)
    expect(PROPERTY.SHARDING_KEY).toBe('__SHARDINGKEY')
  })
})
