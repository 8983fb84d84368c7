import { deflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { InboundTable } from '../../src/client/inbound.ts'
import { createReplies, type PushedReply } from '../../src/client/replies.ts'
import { codecs, topic } from '../../src/index.ts'
import type { ReportedEvent } from '../../src/observability/events.ts'
import { toReply } from '../../src/producer/pushed-reply.ts'
import type { Frame } from '../../src/protocol/frames/frame.ts'
import { MESSAGE_FLAG } from '../../src/protocol/sys-flags.ts'
import { thrownBy } from '../support/failure.ts'
import { pushFrame } from '../support/fake-replies.ts'

/** What a client does with a frame that a broker pushes: what it is told, and what the broker is answered. */
const pushed = (frame: Frame, awaited = 'c') => {
  const events: ReportedEvent[] = []
  const replies: PushedReply[] = []
  let handler: Parameters<InboundTable['on']>[1] = () => undefined
  const on: InboundTable['on'] = (_, given) => {
    handler = given
    return () => undefined
  }
  createReplies({ on }, event => events.push(event))
    .reply$(awaited)
    .subscribe(reply => replies.push(reply))
  const answer = handler(frame, 'a:1')
  return { events, replies, answer }
}
const replyOf = (frame: Frame) => {
  const [reply] = pushed(frame).replies
  if (reply === undefined) throw new Error('it was not taken')
  return reply
}
const NAMED = topic('answers', codecs.text)

describe('a reply', () => {
  it('is seen as a message without a place: its topic as it is called, where it came from, whose it is', () => {
    const properties = { UNIQ_KEY: 'U', TAGS: 'T', KEYS: 'a b', SHARDING_KEY: 's', MSG_TYPE: 'reply' }
    const seen = toReply(replyOf(pushFrame('c', { body: 'the reply', properties })), NAMED, 'broker-a')
    const plain = {
      topic: 'answers',
      tag: 'T',
      keys: ['a', 'b'],
      shardKey: 's',
      properties: { CORRELATION_ID: 'c', ...properties },
      messageId: 'U',
      offsetMessageId: '',
      queue: { topic: 'c_REPLY_TOPIC', brokerName: 'broker-a', queueId: 3 },
      bornAt: new Date(1_000),
      storedAt: new Date(1_001),
      bornHost: '10.0.0.6:40000',
      storeHost: '10.0.0.1:10911',
      reconsumeTimes: 0,
    }
    expect(seen).toMatchObject({ ...plain, body: 'the reply' })
    expect(seen.toJSON()).toEqual({ ...plain, properties: seen.properties, queueOffset: '0' })
  })

  it('is decompressed', () => {
    const zlib = MESSAGE_FLAG.COMPRESSED | MESSAGE_FLAG.COMPRESSION_ZLIB
    const frame = { ...pushFrame('c', { sysFlag: zlib }), body: deflateSync('long '.repeat(1_000)) }
    expect(toReply(replyOf(frame), NAMED, 'b').body).toBe('long '.repeat(1_000))
  })

  it('that cannot be read says so, with the cause and without the body', () => {
    const codec = {
      ...codecs.text,
      name: 'failing',
      decode: () => {
        throw new TypeError('no number')
      },
    }
    const error = thrownBy(() => toReply(replyOf(pushFrame('c', { body: 'secret' })), topic('answers', codec), 'b'))
    expect(error).toMatchObject({ code: 'ERR_RMQ_DECODE', sent: 'maybe', topic: 'answers' })
    expect(error.message).toBe('codec failing cannot read the body of a reply: no number')
    expect(
      thrownBy(() => toReply(replyOf(pushFrame('c', { body: '{' })), topic('a', codecs.json()), 'b')),
    ).toMatchObject({
      code: 'ERR_RMQ_DECODE',
      sent: 'maybe',
      topic: 'a',
    })
  })

  it.each([
    ['to somebody else', pushFrame('other'), 'other'],
    ['that does not say what it replies to', pushFrame(''), undefined],
  ])('%s is acknowledged, and told as late', (_, frame, correlationId) => {
    const { events, replies, answer } = pushed(frame)
    expect(answer).toMatchObject({ code: 0, opaque: 1 })
    expect(events).toEqual([{ type: 'late-reply', endpoint: 'a:1', correlationId, count: 1 }])
    expect(replies).toEqual([])
  })
})
