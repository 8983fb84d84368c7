import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeRecallHandle, encodeRecallHandle } from '../../src/protocol/recall-handle.ts'
import { aWord } from '../support/arbitraries.ts'

const handleOf = (text: string): string => Buffer.from(text).toString('base64url')

describe('a recall handle', () => {
  it('survives being written and read, with and without its padding', () => {
    fc.assert(
      fc.property(fc.record({ topic: aWord, brokerName: aWord, timestamp: aWord, messageId: aWord }), parts => {
        const handle = encodeRecallHandle(parts)
        expect(decodeRecallHandle(handle)).toEqual(parts)
        expect(decodeRecallHandle(handle.replace(/=+$/, ''))).toEqual(parts)
      }),
    )
  })

  it.each([
    ['djEgVCBiIDEgVVU+', 'expected URL-safe base64'],
    ['djEgVCBiIDEgVVU==', 'expected URL-safe base64'],
    ['djEgV', 'expected URL-safe base64'],
    ['', 'expected version v1'],
    [handleOf('v2 T b 1 U'), 'expected version v1'],
    [handleOf('v1 T b 1'), 'expected version, topic, broker name, timestamp and message id'],
  ])('is not "%s"', (handle, message) => {
    expect(() => decodeRecallHandle(handle)).toThrow(
      expect.objectContaining({ code: 'ERR_RMQ_DECODE', message: expect.stringContaining(message) as string }),
    )
  })

  it('cannot hold a topic with a blank', () => {
    expect(() => encodeRecallHandle({ topic: 'a b', brokerName: 'b', timestamp: '1', messageId: 'U' })).toThrow(
      expect.objectContaining({
        code: 'ERR_RMQ_ILLEGAL',
        message: expect.stringContaining('"a b" has a blank') as string,
      }),
    )
  })
})
