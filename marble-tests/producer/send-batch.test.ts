import { map, NEVER, startWith, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { connectionLost } from '../../src/errors.ts'
import { message, topic, type ProducerOptions, type RocketError } from '../../src/index.ts'
import { decodeBatchBody } from '../../src/protocol/messages/client-batch.ts'
import { isOneway } from '../../src/protocol/frames/frame.ts'
import { PROPERTY } from '../../src/protocol/messages/properties.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { fakeCluster, storedAnswer } from '../../test/support/fake-cluster.ts'
import { fakeTransport } from '../../test/support/fake-transport.ts'
import { drawnClient, SOON } from '../client-drawn.ts'
import { errorsAsValues, marbles, type Marbles } from '../marbles.ts'

const BATCH = REQUESTS.SEND_BATCH_MESSAGE.code

/** A producer on a scripted broker: what it does to each batch, one after the other: `s` stores it, `l` hangs up. */
const drawn = (m: Marbles, batches: readonly string[], options: ProducerOptions = {}) => {
  let asked = 0
  const transport = fakeTransport(
    fakeCluster({
      instead: {
        [BATCH]: () => {
          const diagram = batches[asked++] ?? '--s'
          if (diagram.includes('l')) return m.cold(diagram.replace('l', '#'), undefined, connectionLost('a:1', 'no'))
          return m.cold(diagram.replace('s', '(s|)'), { s: storedAnswer() })
        },
      },
    }),
    { connects: () => NEVER.pipe(startWith('connected')) },
  )
  const { client, events } = drawnClient(transport, SOON, n => `${n}`)
  const producer = client.producer(options)
  const sent$ = (count: number, shardKey = 'k') =>
    producer.sendBatch$(Array.from({ length: count }, () => message(topic('t'), Buffer.from('x'), { shardKey })))
  const shown$ = (count: number) =>
    sent$(count).pipe(
      map(results => results.map(({ messageId }) => messageId).join('')),
      errorsAsValues(),
    )
  const closeAfter = (ms: number) =>
    m.expect(m.cold(`${ms}ms c`).pipe(tap(() => void client.close()))).toBeObservable(`${ms}ms c`)
  const written = () =>
    transport.sent(BATCH).map(({ frame, at }) => {
      const members = decodeBatchBody(frame.body).map(({ properties }) => properties[PROPERTY.UNIQUE_KEY])
      return `${members.join('')} at ${at}${isOneway(frame) ? ' one-way' : ''}`
    })
  const abandoned = () =>
    events.flatMap(event => (event.type === 'send-abandoned' ? `${event.outcome} at ${event.at}` : []))
  return { producer, sent$, shown$, closeAfter, written, abandoned }
}

const TWO_EACH = { batchSplit: 'count', maxBatchCount: 2 } as const

describe('a batch', () => {
  it(
    'that is repeated carries the same ids again, by which consumers can tell duplicates',
    marbles(m => {
      const { shown$, closeAfter, written } = drawn(m, ['-l', '-s'])
      m.expect(shown$(2)).toBeObservable('---(r|)', { r: '12' })
      closeAfter(9)
      m.flush()
      expect(written()).toEqual(['12 at 0', '12 at 2'])
    }),
  )

  it(
    'of several requests sends one after the other, as they go to one queue',
    marbles(m => {
      const { shown$, closeAfter, written } = drawn(m, ['--s', '---s'], TWO_EACH)
      m.expect(shown$(4)).toBeObservable('-----(r|)', { r: '1234' })
      closeAfter(9)
      m.flush()
      expect(written()).toEqual(['12 at 0', '34 at 2'])
    }),
  )

  it(
    'sends nothing behind a request that failed: the error tells of each message whether it is stored',
    marbles(m => {
      const { sent$, closeAfter, written } = drawn(m, ['-s', '-l'], { ...TWO_EACH, retries: 0 })
      const partial: string[] = []
      const told$ = sent$(6).pipe(
        tap({
          error: (error: unknown) =>
            partial.push(
              ...(error as RocketError).partial.map(one => (one.ok ? 'stored' : `${one.error.code} ${one.error.sent}`)),
            ),
        }),
        errorsAsValues(),
      )
      m.expect(told$).toBeObservable('--(X|)', { X: 'ERR_RMQ_CONNECT maybe' })
      closeAfter(9)
      m.flush()
      expect(written()).toEqual(['12 at 0', '34 at 1'])
      expect(partial).toEqual([
        ...['stored', 'stored', 'ERR_RMQ_CONNECT maybe', 'ERR_RMQ_CONNECT maybe'],
        ...['ERR_RMQ_CONNECT no', 'ERR_RMQ_CONNECT no'],
      ])
    }),
  )

  it(
    'unsubscribed while it is on the way cannot be unsent; requests that had not begun are not sent',
    marbles(m => {
      const whole = drawn(m, ['----s'])
      const part = drawn(m, ['----s'], TWO_EACH)
      m.expect(whole.shown$(2), '^-!').toBeObservable('')
      m.expect(part.shown$(4), ' ^-!').toBeObservable('')
      whole.closeAfter(12)
      part.closeAfter(12)
      m.flush()
      expect([whole.abandoned(), whole.written()]).toEqual([['stored at 4'], ['12 at 0']])
      expect([part.abandoned(), part.written()]).toEqual([['failed at 4'], ['12 at 0']])
    }),
  )

  it(
    'has its time for all of its requests',
    marbles(m => {
      const { shown$, closeAfter } = drawn(m, ['---s', '---s'], { ...TWO_EACH, timeoutMs: 5 })
      m.expect(shown$(4)).toBeObservable('-----(X|)', { X: 'ERR_RMQ_TIMEOUT maybe' })
      closeAfter(9)
    }),
  )

  it(
    'that is sent one-way is over when the socket took it, and is never repeated',
    marbles(m => {
      const { producer, closeAfter, written } = drawn(m, [])
      const batch = ['x', 'y'].map(body => message(topic('t'), Buffer.from(body)))
      const ids$ = producer
        .onewayBatch$(batch)
        .pipe(map(receipts => receipts.map(({ messageId }) => messageId).join('')))
      m.expect(ids$).toBeObservable('(r|)', { r: '12' })
      closeAfter(9)
      m.flush()
      expect(written()).toEqual(['12 at 0 one-way'])
    }),
  )
})

describe('a stream of sends that gather', () => {
  it(
    'tells of each input that finds no room, beside those that are at work',
    marbles(m => {
      const { producer, closeAfter, written } = drawn(m, ['----s'])
      const options = { batch: { maxCount: 2 }, concurrency: 1, buffer: { count: 1 }, onError: 'continue' } as const
      const toMessage = (letter: string) => message(topic('t'), Buffer.from(letter))
      const shown = m.hot('(abcde|)').pipe(
        producer.sendAll(toMessage, options),
        map(outcome => (outcome.ok ? outcome.input : outcome.input.toUpperCase())),
      )
      m.expect(shown).toBeObservable('(DE)(abc|)')
      closeAfter(12)
      m.flush()
      expect(written()).toEqual(['12 at 0']) // the third went alone
    }),
  )

  it(
    'has the time of a send for each request, however long it waited for its turn',
    marbles(m => {
      const { producer, closeAfter } = drawn(m, ['------s', '------s', '------s'], { timeoutMs: 7, retries: 0 })
      const toMessage = (letter: string) => message(topic('t'), Buffer.from(letter), { shardKey: 'k' })
      const shown = m.hot('(abcdef|)').pipe(
        producer.sendAll(toMessage, { batch: { maxCount: 2 } }),
        map(({ input }) => input),
      )
      m.expect(shown).toBeObservable('------(ab)--(cd)--(ef|)')
      closeAfter(22)
    }),
  )
})
