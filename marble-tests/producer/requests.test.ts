import { map, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { codecs, message, topic } from '../../src/index.ts'
import { readProperties } from '../../src/protocol/messages/properties.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { RESPONSE } from '../../src/protocol/responses.ts'
import { answers, fakeCluster, storedAnswer } from '../../test/support/fake-cluster.ts'
import { pushFrame } from '../../test/support/fake-replies.ts'
import { fakeTransport } from '../../test/support/fake-transport.ts'
import { drawnClient } from '../client-drawn.ts'
import { errorsAsValues, marbles, type Marbles } from '../marbles.ts'

const { HEART_BEAT, SEND_MESSAGE_V2 } = REQUESTS

interface Setting {
  /** When the broker stores a request (`s`), or refuses it (`e`). Default: at once. */
  readonly stores?: string
  /** When a broker says that it knows us, by its address. Default: at once. */
  readonly greets?: Readonly<Record<string, string>>
  readonly brokers?: Readonly<Record<string, string>>
  readonly maxRequests?: number
}

/** A producer that asks on scripted brokers. Close the client, or time never ends. */
const drawn = (m: Marbles, setting: Setting = {}) => {
  const { stores = 's', greets = {}, brokers = { a: 'a:1' }, maxRequests = 10 } = setting
  const transport = fakeTransport(
    fakeCluster({
      brokers,
      instead: {
        [HEART_BEAT.code]: (_, endpoint) =>
          m.cold((greets[endpoint] ?? 'k').replace('k', '(k|)'), { k: answers(RESPONSE.SUCCESS) }),
        [SEND_MESSAGE_V2.code]: () =>
          m.cold(stores.replace(/[se]/, '($&|)'), { s: storedAnswer(), e: answers(RESPONSE.MESSAGE_ILLEGAL) }),
      },
    }),
  )
  const { client, events } = drawnClient(transport)
  const producer = client.producer({ retries: 0, maxRequests })
  /** `r` for the reply. */
  const request$ = (timeoutMs = 20) =>
    producer
      .request$(message(topic('t'), Buffer.from('x')), topic('replies', codecs.text), {
        timeoutMs,
      })
      .pipe(
        map(({ body }) => body.slice(0, 1)),
        errorsAsValues(),
      )
  const at = (diagram: string, call: () => unknown) =>
    m.expect(m.cold(diagram).pipe(tap(() => void call()))).toBeObservable(diagram)
  /** The broker hands over the reply to the request with this correlation id: ids are counted, each request takes two. */
  const replyAt = (diagram: string, id = 'id 1') => at(diagram, () => transport.say('a:1', pushFrame(id)))
  const closeAfter = (ms: number) => at(`${ms}ms c`, () => client.close())
  const sent = () => transport.sent(SEND_MESSAGE_V2.code).map(({ at: when }) => when)
  const late = () =>
    events.flatMap(event =>
      event.type === 'late-reply' ? `${String(event.correlationId)}, number ${event.count}, at ${event.at}` : [],
    )
  const thanks = () => transport.written.filter(({ frame }) => frame.flag === 1 && frame.code === 0).length
  return { client, producer, transport, events, request$, at, replyAt, closeAfter, sent, late, thanks }
}

describe('a request', () => {
  it(
    'has the reply with its correlation id, whatever else is handed over; each is acknowledged',
    marbles(m => {
      const { request$, replyAt, closeAfter, late, thanks, transport } = drawn(m)
      m.expect(request$()).toBeObservable('-----(r|)')
      replyAt('---x', 'id 99')
      replyAt('-----x', 'id 1')
      closeAfter(9)
      m.flush()
      expect(late()).toEqual(['id 99, number 1, at 3'])
      expect(thanks()).toBe(2)
      const [{ frame } = { frame: undefined }] = transport.sent(SEND_MESSAGE_V2.code)
      expect({ ...readProperties(frame?.fields['i'] ?? '') }).toEqual({
        CORRELATION_ID: 'id 1',
        REPLY_TO_CLIENT: 'me',
        TTL: '20',
        UNIQ_KEY: 'id 2',
        WAIT: 'true',
      })
    }),
  )

  it(
    'that is stored and not replied to fails when its time is over; a reply that comes then is late',
    marbles(m => {
      const { request$, replyAt, closeAfter, late } = drawn(m, { stores: '--s' })
      m.expect(request$(8)).toBeObservable('--------(e|)', { e: 'ERR_RMQ_REPLY_TIMEOUT maybe' })
      replyAt('---------x')
      replyAt('----------x')
      closeAfter(12)
      m.flush()
      expect(late()).toEqual(['id 1, number 1, at 9', 'id 1, number 2, at 10'])
    }),
  )

  it(
    'that is refused fails at once',
    marbles(m => {
      const { request$, closeAfter } = drawn(m, { stores: '--e' })
      m.expect(request$()).toBeObservable('--(e|)', { e: 'ERR_RMQ_ILLEGAL no' })
      closeAfter(9)
    }),
  )

  it(
    'that is never stored fails as a send does',
    marbles(m => {
      const { request$, closeAfter } = drawn(m, { stores: '-' })
      m.expect(request$(6)).toBeObservable('------(e|)', { e: 'ERR_RMQ_TIMEOUT maybe' })
      closeAfter(9)
    }),
  )

  it(
    'that is unsubscribed is forgotten: its reply is late',
    marbles(m => {
      const { request$, replyAt, closeAfter, late } = drawn(m)
      m.expect(request$(), '^---!').toBeObservable('')
      replyAt('------x')
      closeAfter(9)
      m.flush()
      expect(late()).toEqual(['id 1, number 1, at 6'])
    }),
  )

  it(
    'is one of each subscription, and of a bounded number that waits',
    marbles(m => {
      const { request$, replyAt, closeAfter, sent } = drawn(m, { maxRequests: 2 })
      const twice$ = request$()
      m.expect(twice$, '^').toBeObservable('----(r|)')
      m.expect(twice$, '-^').toBeObservable('-----(r|)')
      m.expect(request$(), '--^').toBeObservable('--(e|)', { e: 'ERR_RMQ_OVERFLOW no' })
      m.expect(request$(), '------^').toBeObservable('--------(r|)')
      replyAt('----x', 'id 1')
      replyAt('-----x', 'id 3')
      replyAt('--------x', 'id 5')
      closeAfter(12)
      m.flush()
      expect(sent()).toEqual([0, 1, 6])
    }),
  )

  it(
    'is not sent before the brokers that may bring its reply know who asks',
    marbles(m => {
      const { request$, replyAt, closeAfter, sent } = drawn(m, { greets: { 'a:1': '---k' } })
      m.expect(request$()).toBeObservable('------(r|)')
      replyAt('------x')
      closeAfter(9)
      m.flush()
      expect(sent()).toEqual([3])
    }),
  )

  it(
    'waits a third of its time, not longer, for a broker that does not answer',
    marbles(m => {
      const { request$, closeAfter, sent } = drawn(m, {
        brokers: { a: 'a:1', b: 'b:1' },
        greets: { 'b:1': '-' },
      })
      m.expect(request$(18)).toBeObservable('------------------(e|)', { e: 'ERR_RMQ_REPLY_TIMEOUT maybe' })
      closeAfter(25)
      m.flush()
      expect(sent()).toEqual([6])
    }),
  )

  it(
    'is waited for when its producer closes, as long as there is patience; then it fails',
    marbles(m => {
      const { producer, request$, replyAt, at, closeAfter } = drawn(m)
      m.expect(request$()).toBeObservable('----(r|)')
      m.expect(request$(), '-^').toBeObservable('--------(e|)', { e: 'ERR_RMQ_CLOSED no' })
      at('--c', () => producer.close({ drainMs: 6 }))
      m.expect(request$(), '---^').toBeObservable('---(e|)', { e: 'ERR_RMQ_CLOSED no' })
      replyAt('----x')
      closeAfter(12)
    }),
  )

  it(
    'whose reply cannot be read fails with that',
    marbles(m => {
      const { producer, at, transport, closeAfter } = drawn(m)
      const json = topic('replies', codecs.json())
      m.expect(producer.request$(message(topic('t'), Buffer.from('x')), json).pipe(errorsAsValues())).toBeObservable(
        '---(e|)',
        { e: 'ERR_RMQ_DECODE maybe' },
      )
      at('---x', () => transport.say('a:1', pushFrame('id 1', { body: '{' })))
      closeAfter(9)
    }),
  )
})
