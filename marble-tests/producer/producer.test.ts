import { map, NEVER, retry, startWith, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { connectionLost } from '../../src/errors.ts'
import { message, topic, type ProducerOptions, type SendOptions, type SendResult } from '../../src/index.ts'
import { PROPERTY, readProperties } from '../../src/protocol/messages/properties.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { RESPONSE } from '../../src/protocol/responses.ts'
import { fakeCluster, storedAnswer } from '../../test/support/fake-cluster.ts'
import { fakeTransport } from '../../test/support/fake-transport.ts'
import { drawnClient, SOON } from '../client-drawn.ts'
import { errorsAsValues, marbles, type Marbles } from '../marbles.ts'

const SEND = REQUESTS.SEND_MESSAGE_V2.code

interface Setting extends ProducerOptions {
  /** What the broker does to each send, one after the other: `s` stores it, `r` stores it unreplicated, `l` hangs up. */
  readonly sends?: readonly string[]
  /** When the broker is connected. */
  readonly broker?: string
}

/** A producer on a scripted broker. Close the client, or time never ends: its topics are kept fresh. */
const drawn = (m: Marbles, { sends = [], broker, ...options }: Setting = {}) => {
  let asked = 0
  const lost = connectionLost('a:1', 'no')
  const connects = (endpoint: string) =>
    endpoint === 'a:1' && broker !== undefined ? m.cold(broker) : NEVER.pipe(startWith('connected'))
  const transport = fakeTransport(
    fakeCluster({
      instead: {
        [SEND]: () => {
          const diagram = sends[asked++] ?? '--s'
          if (diagram.includes('l')) return m.cold(diagram.replace('l', '#'), undefined, lost)
          return m.cold(diagram.replace(/[sr]/, '($&|)'), {
            s: storedAnswer(),
            r: storedAnswer(0, RESPONSE.SLAVE_NOT_AVAILABLE),
          })
        },
      },
    }),
    { connects },
  )
  const { client, events } = drawnClient(transport, SOON)
  const producer = client.producer(options)
  const send$ = (given?: SendOptions) => producer.send$(message(topic('t'), Buffer.from('x')), given)
  const shown$ = (given?: SendOptions) =>
    send$(given).pipe(
      map(({ status }: SendResult) => (status === 'ok' ? 's' : status)),
      errorsAsValues(),
    )
  const at = (diagram: string, call: () => unknown) =>
    m.expect(m.cold(diagram).pipe(tap(() => void call()))).toBeObservable(diagram)
  const closeAfter = (ms: number) => at(`${ms}ms c`, () => client.close())
  const written = () =>
    transport
      .sent(SEND)
      .map(({ frame, at: when }) => `${readProperties(frame.fields['i'] ?? '')[PROPERTY.UNIQUE_KEY]} at ${when}`)
  const abandoned = () =>
    events.flatMap(event => (event.type === 'send-abandoned' ? `${event.outcome} at ${event.at}` : []))
  return { client, producer, send$, shown$, at, closeAfter, written, abandoned, events, transport }
}

describe('a send', () => {
  it(
    'does nothing before it is subscribed, and once for each subscription, under the id of the call',
    marbles(m => {
      const { shown$, closeAfter, written } = drawn(m)
      const first = shown$()
      const second = shown$()
      m.expect(first, ' --^  ').toBeObservable('----(s|)')
      m.expect(first, ' ---^ ').toBeObservable('-----(s|)')
      m.expect(second, '----^').toBeObservable('------(s|)')
      closeAfter(9)
      m.flush()
      expect(written()).toEqual(['id 1 at 2', 'id 1 at 3', 'id 2 at 4'])
    }),
  )

  it(
    'that is repeated by retry carries the same id again, by which consumers can tell duplicates',
    marbles(m => {
      const { send$, closeAfter, written } = drawn(m, { sends: ['-l', '-s'], retries: 0 })
      const out$ = send$().pipe(
        retry(1),
        map(() => 's'),
      )
      m.expect(out$).toBeObservable('---(s|)')
      closeAfter(9)
      m.flush()
      expect(written()).toEqual(['id 1 at 0', 'id 1 at 2'])
    }),
  )

  it(
    'unsubscribed within the turn it was subscribed in never starts',
    marbles(m => {
      const { send$, transport, closeAfter } = drawn(m)
      send$().subscribe().unsubscribe()
      closeAfter(1)
      m.flush()
      expect(transport.dials).toEqual([])
    }),
  )

  it(
    'unsubscribed while it waits for its turn is never sent',
    marbles(m => {
      const { shown$, closeAfter, written, abandoned } = drawn(m, { maxInFlight: 1, sends: ['----s', '----s'] })
      m.expect(shown$(), '^    ').toBeObservable('----(s|)')
      m.expect(shown$(), '-^-! ').toBeObservable('')
      m.expect(shown$(), '--^  ').toBeObservable('--------(s|)')
      closeAfter(12)
      m.flush()
      expect([written(), abandoned()]).toEqual([['id 1 at 0', 'id 3 at 4'], []])
    }),
  )

  it(
    'unsubscribed while it waits for a connection is never sent',
    marbles(m => {
      const { shown$, closeAfter, written, abandoned } = drawn(m, { broker: '-----c' })
      m.expect(shown$(), '^--!').toBeObservable('')
      m.expect(shown$(), '^   ').toBeObservable('-------(s|)')
      closeAfter(12)
      m.flush()
      expect([written(), abandoned()]).toEqual([['id 2 at 5'], []])
    }),
  )

  it(
    'unsubscribed after its bytes left cannot be unsent: how it ended is an event',
    marbles(m => {
      const stored = drawn(m, { sends: ['----s'] })
      const failed = drawn(m, { sends: ['----l', '-s'] })
      m.expect(stored.shown$(), '^-!').toBeObservable('')
      m.expect(failed.shown$(), '^-!').toBeObservable('')
      stored.closeAfter(12)
      failed.closeAfter(12)
      m.flush()
      expect([stored.abandoned(), failed.abandoned()]).toEqual([['stored at 4'], ['failed at 4']])
      expect(failed.written()).toHaveLength(1) // nobody waits for it: it is not repeated
    }),
  )

  it(
    'that is aborted ends with the reason, as if it was unsubscribed',
    marbles(m => {
      const controller = new AbortController()
      const { shown$, at, closeAfter, abandoned } = drawn(m, { sends: ['----s'] })
      at('                                          --x', () => controller.abort(new Error('too slow')))
      m.expect(shown$({ signal: controller.signal }), '^  ').toBeObservable('--(X|)', { X: 'too slow' })
      m.expect(shown$({ signal: controller.signal }), '---^').toBeObservable('---(X|)', { X: 'too slow' })
      closeAfter(12)
      m.flush()
      expect(abandoned()).toEqual(['stored at 4'])
    }),
  )

  it(
    'lets no abort change what has ended',
    marbles(m => {
      const controller = new AbortController()
      const { shown$, at, closeAfter, abandoned } = drawn(m)
      at('                                          ----x', () => controller.abort(new Error('too late')))
      m.expect(shown$({ signal: controller.signal })).toBeObservable('--(s|)')
      closeAfter(12)
      m.flush()
      expect(abandoned()).toEqual([])
    }),
  )

  it(
    'has its time for everything: the route, the connection, the repeats',
    marbles(m => {
      const { shown$, closeAfter } = drawn(m, { broker: '-----c', sends: ['-------s'] })
      m.expect(shown$({ timeoutMs: 4 })).toBeObservable('----(C|)', { C: 'ERR_RMQ_CONNECT no' })
      m.expect(shown$({ timeoutMs: 9 })).toBeObservable('---------(T|)', { T: 'ERR_RMQ_TIMEOUT maybe' })
      closeAfter(20)
    }),
  )

  it(
    'that is stored but not yet replicated has succeeded, which is an event, unless more is required',
    marbles(m => {
      const { shown$, closeAfter, events } = drawn(m, { sends: ['-r', '-r', '-r'] })
      m.expect(shown$(), '                          ^').toBeObservable('-(r|)', { r: 'slave-not-available' })
      m.expect(shown$({ require: 'flushed' }), '    ^').toBeObservable('-(r|)', { r: 'slave-not-available' })
      m.expect(shown$({ require: 'replicated' }), ' ^').toBeObservable('-(X|)', { X: 'ERR_RMQ_BROKER maybe' })
      closeAfter(12)
      m.flush()
      expect(events.filter(({ type }) => type === 'send-not-replicated')).toHaveLength(3)
    }),
  )

  it(
    'is an outcome where a failure must not end the stream',
    marbles(m => {
      const { producer, closeAfter } = drawn(m, { sends: ['-s', '-l'], retries: 0 })
      const sent = message(topic('t'), Buffer.from('x'))
      const outcome$ = (body: Uint8Array) =>
        producer.sendOutcome$({ ...sent, body }).pipe(map(outcome => (outcome.ok ? 's' : outcome.error.code)))
      m.expect(outcome$(Buffer.from('x')), '^  ').toBeObservable('-(s|)')
      m.expect(outcome$(Buffer.from('x')), '--^').toBeObservable('---(X|)', { X: 'ERR_RMQ_CONNECT' })
      m.expect(outcome$(Buffer.alloc(0)), ' --^').toBeObservable('--(X|)', { X: 'ERR_RMQ_ILLEGAL' })
      closeAfter(12)
    }),
  )
})

describe('a producer', () => {
  it(
    'makes its group known to brokers with the first send, and not before',
    marbles(m => {
      const { shown$, closeAfter, transport } = drawn(m)
      m.expect(shown$(), '-----^').toBeObservable('-------(s|)')
      closeAfter(12)
      m.flush()
      expect(transport.sent(REQUESTS.HEART_BEAT.code).map(({ at, endpoint }) => `${endpoint} at ${at}`)).toEqual([
        'a:1 at 5',
      ])
    }),
  )

  it(
    'tells how busy it is, to everyone who asks, until the client closes',
    marbles(m => {
      const { producer, shown$, closeAfter } = drawn(m, { maxInFlight: 1 })
      const pressure$ = producer.pressure$.pipe(
        map(({ inFlight, queued, accepting }) => `${inFlight}+${queued}${accepting ? '' : ' closed'}`),
      )
      const said = { n: '0+0', a: '1+0', b: '1+1', x: '0+0 closed' }
      m.expect(pressure$, '  ^    ').toBeObservable('n-aba-n---(x|)', said)
      m.expect(pressure$, '  -----^').toBeObservable('-----an---(x|)', said)
      m.expect(shown$(), '   --^  ').toBeObservable('----(s|)')
      m.expect(shown$(), '   ---^ ').toBeObservable('------(s|)')
      closeAfter(10)
    }),
  )

  it(
    'flushes: tells when all that was asked of it before has ended',
    marbles(m => {
      const { producer, shown$, closeAfter } = drawn(m, { sends: ['----s', '----s'] })
      const flushed$ = producer.flush$().pipe(map(() => 'f'))
      m.expect(shown$(), '  ^   ').toBeObservable('----(s|)')
      m.expect(flushed$, '  -^  ').toBeObservable('----(f|)')
      m.expect(shown$(), '  --^ ').toBeObservable('------(s|)')
      closeAfter(10)
    }),
  )

  it(
    'that is closed refuses new sends, and ends those it accepted',
    marbles(m => {
      const { producer, shown$, at, closeAfter } = drawn(m, { sends: ['----s'] })
      at('                  -c', () => producer.close({ drainMs: 50 }))
      m.expect(shown$(), '  ^   ').toBeObservable('----(s|)')
      m.expect(shown$(), '  --^ ').toBeObservable('--(C|)', { C: 'ERR_RMQ_CLOSED no' })
      closeAfter(10)
    }),
  )
})
