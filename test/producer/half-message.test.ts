import { describe, expect, it } from 'vitest'
import { message, type MessageOptions } from '../../src/messages/message.ts'
import { topic } from '../../src/messages/topic.ts'
import { asHalf, type HalfMark } from '../../src/producer/half-message.ts'
import { toOutgoing } from '../../src/producer/outgoing.ts'
import { compressorFor } from '../../src/protocol/compression/compress.ts'
import { readProperties } from '../../src/protocol/messages/properties.ts'

const OPTIONS = { maxMessageBytes: 1_000, compressAboveBytes: 100, compressLevel: 5, compressor: compressorFor('zlib') }
const MARK: HalfMark = { group: 'tx', checkAfterMs: undefined }
const sent = (options: MessageOptions = {}, mark = MARK, body = 'x') =>
  toOutgoing(asHalf(message(topic('t'), Buffer.from(body), options), mark), 'the id', 1_000, OPTIONS)
const propertiesOf = (mark: HalfMark) => readProperties(sent({}, mark).properties)

describe('a half message', () => {
  it('says so in its flag and in its properties, with the group whose members may be asked', () => {
    const half = sent({ tag: 'new', properties: { user_id: 'u1' } })
    expect(half.sysFlag).toBe(0x4)
    const own = { TRAN_MSG: 'true', PGROUP: 'tx', UNIQ_KEY: 'the id' }
    expect({ ...readProperties(half.properties) }).toEqual({ ...own, WAIT: 'true', TAGS: 'new', user_id: 'u1' })
  })

  it('may be compressed, too', () => {
    expect(sent({}, MARK, 'x'.repeat(200)).sysFlag).toBe(0x301 | 0x4)
  })

  it.each([
    [1, '1'],
    [1_000, '1'],
    [61_001, '62'],
  ])('that is not to be asked about for %i ms says so in whole seconds', (checkAfterMs, seconds) => {
    expect(propertiesOf({ group: 'tx', checkAfterMs })['CHECK_IMMUNITY_TIME_IN_SECONDS']).toBe(seconds)
    expect(propertiesOf(MARK)['CHECK_IMMUNITY_TIME_IN_SECONDS']).toBeUndefined()
  })

  it('cannot be delayed, nor made by a user', () => {
    const illegal = expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL', sent: 'no', topic: 't' }) as Error
    expect(() => sent({ delayLevel: 1 })).toThrow(illegal)
    expect(() => sent({ properties: { TRAN_MSG: 'true' } })).toThrow(illegal)
  })

  it('leaves the message that it was made of as it is', () => {
    const plain = message(topic('t'), Buffer.from('x'))
    asHalf(plain, MARK)
    const outgoing = toOutgoing(plain, 'the id', 1_000, OPTIONS)
    expect(outgoing.sysFlag).toBe(0)
    expect(outgoing.properties).not.toContain('TRAN_MSG')
  })
})
