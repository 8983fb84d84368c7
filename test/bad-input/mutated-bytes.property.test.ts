import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeBatchBody } from '../../src/protocol/messages/client-batch.ts'
import { cutFrames, NOTHING } from '../../src/protocol/frames/cut-frames.ts'
import { decodeFrame } from '../../src/protocol/frames/frame-codec.ts'
import type { Frame } from '../../src/protocol/frames/frame.ts'
import { bodyCrc } from '../../src/protocol/hashes.ts'
import { encodeOffsetId } from '../../src/protocol/messages/message-id.ts'
import {
  messageBody,
  messageId,
  readStoredMessages,
  unwrapInnerBatch,
} from '../../src/protocol/messages/stored-message.ts'
import type { StoredMessage } from '../../src/protocol/messages/stored-message.ts'
import { STORED_FIELDS } from '../support/builders.ts'
import { goldenSeeds } from '../support/mutations.ts'
import { CASES, must, valueOrError, withstands } from '../support/robust.ts'

const LIMIT = 100_000
const BYTE = /\bbyte \d+/
/** Compressed bodies are read too, and JSON headers, whose places are characters or members. */
const ANY_PLACE = /\b(byte|character) \d+|of a JSON header|^a JSON header|the limit is|compression type|zlib/

it('are at least 200,000 in one run, over all files beside this one', () => {
  expect(Object.values(CASES).reduce((sum, cases) => sum + cases, 0)).toBeGreaterThanOrEqual(200_000)
})

const WRONG_LENGTH = /^a frame at byte \d+ of the stream announces -?\d+ bytes: expected 4 to 99996$/

const usedUp = (frames: readonly Buffer[]): number => frames.reduce((sum, frame) => sum + 4 + frame.length, 0)

/** A frame holds nothing that did not come with it. */
const checkFrame = (frame: Frame, bytes: Buffer): void => {
  must(frame.body.length <= bytes.length, 'a body is part of its frame')
  let characters = frame.remark?.length ?? 0
  for (const [name, value] of Object.entries(frame.fields)) characters += name.length + value.length
  must(characters <= 2 * bytes.length, 'texts are part of their frame')
  for (const number of [frame.code, frame.opaque, frame.flag, frame.version]) {
    must((number | 0) === number, 'numbers have 32 bits')
  }
}

it('damaged frames are cut and decoded, or refused with the place and what was expected there', () => {
  withstands(goldenSeeds(/^frames-/), CASES.frames, bytes => {
    const half = bytes.length >> 1
    const whole = cutFrames(NOTHING, bytes, LIMIT)
    const first = cutFrames(NOTHING, bytes.subarray(0, half), LIMIT)
    const parts = first.failure === undefined ? cutFrames(first.carry, bytes.subarray(half), LIMIT) : { frames: [] }
    must(first.frames.length + parts.frames.length === whole.frames.length, 'frames do not depend on chunks')
    must(usedUp(whole.frames) + whole.carry.bytes <= bytes.length, 'no more is held than has arrived')
    must(whole.failure === undefined || WRONG_LENGTH.test(whole.failure.message), 'a failure says what was expected')
    for (const frame of whole.frames) {
      const decoded = valueOrError(() => decodeFrame(frame), ANY_PLACE)
      if (decoded !== undefined) checkFrame(decoded, frame)
    }
    // as if the length were right, so that damage behind it counts
    const decoded = valueOrError(() => decodeFrame(bytes.subarray(4)), ANY_PLACE)
    if (decoded !== undefined) checkFrame(decoded, bytes)
  })
}, 120_000)

const checkMessage = (message: StoredMessage, bytes: Buffer): void => {
  for (const field of STORED_FIELDS) {
    const value: unknown = message[field]
    must(value !== undefined, 'every field has a value')
  }
  const size = message.storedBody.length + message.topic.length + message.propertiesText.length
  must(size < bytes.length, 'all parts are parts of the answer')
  const idLength = encodeOffsetId(message.storeHost, message.physicalOffset).length
  must(idLength === 32 || idLength === 56, 'every message has an offset id')
  must(messageId(message) !== '' && bodyCrc(message.storedBody) >= 0, 'every message has an id and a checksum')
  const body = valueOrError(() => messageBody(message, LIMIT), ANY_PLACE)
  must((body?.length ?? 0) <= LIMIT, 'no body passes the limit')
  const members = valueOrError(() => unwrapInnerBatch(message, LIMIT), ANY_PLACE) ?? []
  if (members.length > 1) for (const { properties } of members) must(typeof properties === 'object', 'members are read')
}

it('damaged stored messages are read up to the damage, and what is read of them has all its fields', () => {
  withstands(goldenSeeds(/^messages-stored/), CASES.storedMessages, bytes => {
    const { messages, failure } = readStoredMessages(bytes)
    let size = 0
    for (const message of messages) {
      size += message.storeSize
      checkMessage(message, bytes)
    }
    must((size === bytes.length) === (failure === undefined), 'what is left over is a failure')
    if (failure === undefined) return
    must(failure.code === 'ERR_RMQ_DECODE' && failure.message.includes('expected'), 'it says what was expected')
    must(failure.message.startsWith(`stored message ${messages.length + 1} at byte ${size}: `), 'it says where')
  })
}, 120_000)

it('damaged batches give all of their members, or are refused with the place', () => {
  withstands(goldenSeeds(/^messages-client-batch/), CASES.batches, bytes => {
    const members = valueOrError(() => decodeBatchBody(bytes), BYTE) ?? []
    let size = 0
    for (const { body, properties } of members) {
      size += body.length
      for (const [name, value] of Object.entries(properties)) size += name.length + value.length
    }
    must(size <= bytes.length, 'members are parts of their batch')
  })
}, 120_000)

it('a body in which one bit has changed never has the checksum that it had', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.nat(), (content, at) => {
      const body = Buffer.from(content)
      const crc = bodyCrc(body)
      const bit = at % (8 * body.length)
      body[bit >> 3] = (body[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      must(bodyCrc(body) !== crc, 'the checksum notices a flipped bit')
    }),
    { numRuns: 2_000 },
  )
})
