import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isRocketError } from '../../src/errors.ts'
import { checkBatch, decodeBatchBody, encodeBatchBody } from '../../src/protocol/messages/client-batch.ts'

const member = fc.record({
  flag: fc.integer(),
  body: fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes)),
  properties: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.stringMatching(/^[a-z0-9 ]{1,9}$/), { maxKeys: 4 }),
})

const plain = (members: ReturnType<typeof decodeBatchBody>) =>
  members.map(({ flag, body, properties }) => ({ flag, body: body.toString('hex'), properties: { ...properties } }))

const orders = (...properties: Record<string, string>[]) =>
  properties.map(each => ({ topic: 'orders', properties: each }))

describe('a batch body', () => {
  it('is read back as it was written', () => {
    fc.assert(
      fc.property(fc.array(member, { maxLength: 6 }), members => {
        expect(plain(decodeBatchBody(encodeBatchBody(members)))).toEqual(plain(members))
      }),
    )
  })

  it('that is damaged is a decode error, never a crash', () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 })
    fc.assert(
      fc.property(fc.array(member, { minLength: 1, maxLength: 3 }), edits, fc.nat(), (members, changes, cut) => {
        const whole = encodeBatchBody(members)
        for (const [at, value] of changes) whole[at % whole.length] = value
        try {
          decodeBatchBody(whole.subarray(0, whole.length - (cut % 4)))
        } catch (error) {
          if (!isRocketError(error)) throw error
          expect(error.code).toBe('ERR_RMQ_DECODE')
        }
      }),
      { numRuns: 1000 },
    )
  })

  it.each([
    [0, 1000, 'batch member 2 at byte 25: it announces 1000 bytes: expected at most 26, which are left'],
    [16, 3, 'it announces 26 bytes: expected 29209, as its parts add up'],
    [16, -1, 'its body has -1 bytes: expected 0 to 4'],
    [16, 5, 'its body has 5 bytes: expected 0 to 4'],
  ])('says which member is damaged and how: %i is %i', (at, value, why) => {
    const body = encodeBatchBody([
      { flag: 0, body: Buffer.from('one'), properties: {} },
      { flag: 0, body: Buffer.from('four'), properties: {} },
    ])
    body.writeInt32BE(value, 25 + at)
    expect(() => decodeBatchBody(body)).toThrow(why)
  })

  it('says so when a member announces more than its parts have', () => {
    const body = encodeBatchBody([{ flag: 0, body: Buffer.from('one'), properties: {} }])
    const longer = Buffer.concat([body, Buffer.alloc(5)])
    longer.writeInt32BE(longer.length, 0)
    expect(() => decodeBatchBody(longer)).toThrow(
      'batch member 1 at byte 0: it announces 30 bytes: expected 25, as its parts add up',
    )
  })

  it('refuses properties that no reader could read', () => {
    const members = [{ flag: 0, body: Buffer.alloc(1), properties: { p: 'x'.repeat(32_765) } }]
    expect(() => encodeBatchBody(members)).toThrow(expect.objectContaining({ code: 'ERR_RMQ_TOO_LARGE' }))
  })
})

describe('messages that can share a batch', () => {
  it.each([
    ['agree on waiting', orders({}, { WAIT: 'true' }, { WAIT: 'TRUE' })],
    ['do not wait', orders({ WAIT: 'false' }, { WAIT: 'false' })],
    ['have a delay level that does not delay', orders({ DELAY: '0' }, { DELAY: '-1' })],
    ['are alone', orders({})],
  ])('%s', (_what, messages) => {
    expect(() => checkBatch(messages)).not.toThrow()
  })

  it.each([
    ['there is none', [], 'at least one'],
    ['one is delayed', orders({}, { DELAY: '1' }), 'property DELAY'],
    ['a delay is no number', orders({ DELAY: 'soon' }), 'property DELAY'],
    ['one has a timer', orders({ TIMER_DELIVER_MS: '1758273940123' }), 'property TIMER_DELIVER_MS'],
    ['one is half a transaction', orders({ TRAN_MSG: 'true' }), 'half messages'],
    ['only one waits', orders({}, { WAIT: 'false' }), 'agree on WAIT'],
    ['they go to a retry topic', [{ topic: '%RETRY%group', properties: {} }], 'retry topic'],
    ['topics differ', [...orders({}), { topic: 'bills', properties: {} }], '"orders" and "bills"'],
  ])('cannot when %s', (_what, messages, why) => {
    expect(() => checkBatch(messages)).toThrow(why)
    expect(() => checkBatch(messages)).toThrow(expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL' }))
  })
})
