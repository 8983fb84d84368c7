import { EMPTY, lastValueFrom, of, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { codecs, replyWith } from '../../src/index.ts'
import type { ConversationDoors, Inbound, SendResult } from '../../src/index.ts'
import { boardsNear } from '../../src/producer/near-asker.ts'
import { toReplyParts } from '../../src/producer/reply-parts.ts'
import type { Board } from '../../src/producer/board.ts'
import type { TopicBoards } from '../../src/producer/topic-boards.ts'
import { nameOf, queuesNamed } from '../support/builders.ts'
import { failureOf, thrownBy } from '../support/failure.ts'
import { aRequest } from '../support/fake-replies.ts'

/** A producer that writes down what it replies. */
const aReplier = () => {
  const replied: unknown[] = []
  const reply$: ConversationDoors['reply$'] = (request, value, codec) => {
    replied.push([request.messageId, value, codec.name])
    return of({ status: 'ok' } as SendResult)
  }
  return { reply$, replied }
}
const without = (name: string): Inbound =>
  aRequest({ properties: Object.fromEntries(Object.entries(aRequest().properties).filter(([key]) => key !== name)) })

describe('a handler that replies', () => {
  it('replies with the first value, and is done when that was handed over', async () => {
    const { reply$, replied } = aReplier()
    const handler = replyWith({ reply$ }, codecs.text, ({ message }) => [`${message.messageId} 1`, 'and more'])
    expect(await lastValueFrom(handler({ message: aRequest() }))).toEqual({ status: 'ok' })
    expect(replied).toEqual([['M', 'M 1', 'text']])
  })

  it('takes a Promise as well, and does nothing before it is subscribed', async () => {
    const { reply$, replied } = aReplier()
    const result$ = replyWith({ reply$ }, codecs.text, () => Promise.resolve('soon'))({ message: aRequest() })
    expect(replied).toEqual([])
    await lastValueFrom(result$)
    expect(replied).toEqual([['M', 'soon', 'text']])
  })

  it('fails when there is nothing to reply, when it fails itself, and when the reply cannot be handed over', async () => {
    const { reply$ } = aReplier()
    const message = aRequest()
    expect(await failureOf(replyWith({ reply$ }, codecs.text, () => EMPTY)({ message }))).toMatchObject({
      code: 'ERR_RMQ_ILLEGAL',
      topic: 't',
    })
    const own = replyWith({ reply$ }, codecs.text, () => throwError(() => new Error('no such order')))
    await expect(lastValueFrom(own({ message }))).rejects.toThrow('no such order')
    const refused = replyWith({ reply$: () => throwError(() => new Error('gone')) }, codecs.text, () => ['x'])
    await expect(lastValueFrom(refused({ message }))).rejects.toThrow('gone')
  })

  it('does nothing for a message that is no request', async () => {
    const { reply$, replied } = aReplier()
    let handled = 0
    const handler = replyWith({ reply$ }, codecs.text, () => [String(handled++)])
    expect((await failureOf(handler({ message: without('REPLY_TO_CLIENT') }))).code).toBe('ERR_RMQ_ILLEGAL')
    expect([handled, replied]).toEqual([0, []])
  })
})

describe('a reply', () => {
  it('goes to the topic of replies of the cluster, and says whom and what it is for', () => {
    const { reply, own } = toReplyParts(aRequest(), 'yes', codecs.text)
    expect(reply).toEqual({ topic: { name: 'c_REPLY_TOPIC', codec: codecs.text }, body: 'yes' })
    expect(own).toEqual({ CORRELATION_ID: 'c 1', REPLY_TO_CLIENT: 'asker', TTL: '3000', MSG_TYPE: 'reply' })
    expect(toReplyParts(without('TTL'), 'yes', codecs.text).own).not.toHaveProperty('TTL')
  })

  it.each([
    ['REPLY_TO_CLIENT', 'message M asks for no reply: it has no property REPLY_TO_CLIENT'],
    ['CORRELATION_ID', 'message M asks for no reply: it has no property CORRELATION_ID'],
    ['CLUSTER', 'message M does not say which cluster it came through'],
  ])('cannot be made to a message without %s', (name, says) => {
    const error = thrownBy(() => toReplyParts(without(name), 'x', codecs.text))
    expect([error.code, error.topic, error.message]).toEqual(['ERR_RMQ_ILLEGAL', 't', expect.stringContaining(says)])
  })

  it('goes to the broker that brought the request, and to the others only when that one fails', () => {
    const board: Board = {
      queues: queuesNamed('a0 b0 b1 c0'),
      route: { queueDatas: [], brokerDatas: [] } as unknown as Board['route'],
      masterOf: () => undefined,
      fromTemplate: false,
      isNewTo: () => false,
    }
    const boards = { board: (topic: string) => (topic === 't' ? board : undefined) } as TopicBoards
    const near = boardsNear(boards, 'b')
    expect(near.board('t')?.queues.map(nameOf)).toEqual(['b0', 'b1', 'a0', 'c0'])
    expect(near.board('unknown')).toBeUndefined()
    expect([near.rotation('t').cursor, near.rotation('t').cursor]).toEqual([0, 0])
  })
})
