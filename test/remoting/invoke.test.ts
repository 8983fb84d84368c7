import Long from 'long'
import { firstValueFrom, map, of, type Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { isRocketError, type RocketError } from '../../src/errors.ts'
import type { requestFrame } from '../../src/protocol/frames/frame.ts'
import { responseFrame, type Frame } from '../../src/protocol/frames/frame.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { RESPONSE } from '../../src/protocol/responses.ts'
import { createInvoke } from '../../src/remoting/invoke.ts'
import type { Read } from '../../src/remoting/correlate.ts'
import type { Ask } from '../../src/remoting/sessions.ts'

/** A server that always gives this answer. */
const answering = (answer: Frame) => {
  const asked: Ask[] = []
  const note = <T>(ask: Ask, result: T): Observable<T> => {
    asked.push(ask)
    return of(result)
  }
  const ask$ = <T>(ask: Ask, read?: Read<T>): Observable<T> =>
    note(ask, answer).pipe(map(frame => (read === undefined ? (frame as T) : read(frame))))
  return { asked, ...createInvoke({ ask$, tell$: ask => note(ask, undefined) }) }
}
const answer = (code: number, parts: Parameters<typeof requestFrame>[1] = {}) =>
  responseFrame({ opaque: 1 }, code, parts)

const GROUP_QUEUE = { consumerGroup: 'g', topic: 't', queueId: 2 }

const failureOf = async (source$: Observable<unknown>): Promise<RocketError> => {
  const failure: unknown = await firstValueFrom(source$).catch((error: unknown) => error)
  if (!isRocketError(failure)) throw new Error('it did not fail')
  return failure
}

describe('a request', () => {
  it('goes out with the code and the fields of its row, and as `control` within three seconds if nothing else is said', () => {
    const { invoke$, asked } = answering(answer(0))
    invoke$('a:1', REQUESTS.QUERY_CONSUMER_OFFSET, GROUP_QUEUE).subscribe()
    expect(asked).toMatchObject([{ endpoint: 'a:1', role: 'control', timeoutMs: 3_000, patient: false }])
    const { code, fields, flag } = asked[0]!.frame
    expect([code, { ...fields }, flag]).toEqual([14, { consumerGroup: 'g', topic: 't', queueId: '2' }, 0])
  })

  it('goes out as it is told to', () => {
    const { invoke$, tell$, asked } = answering(answer(0))
    const onWritten = () => undefined
    const body = Buffer.from('x')
    invoke$('a:1', REQUESTS.HEART_BEAT, {}, { body, timeoutMs: 7, role: 'pull', patient: true, onWritten }).subscribe()
    tell$('a:1', REQUESTS.HEART_BEAT, {}, { body, timeoutMs: 8, role: 'pull', patient: true }).subscribe()
    expect(asked).toMatchObject([
      { role: 'pull', timeoutMs: 7, patient: true, onWritten, frame: { body, flag: 0 } },
      { role: 'pull', timeoutMs: 8, patient: true, frame: { body, flag: 2 } },
    ])
  })

  it('is answered with a typed header, a body and the release of the server', async () => {
    const { invoke$ } = answering(
      answer(0, { fields: { offset: '9007199254740993' }, body: Buffer.from('b'), version: 479 }),
    )
    const { code, body, version, header } = await firstValueFrom(
      invoke$('a:1', REQUESTS.QUERY_CONSUMER_OFFSET, GROUP_QUEUE),
    )
    expect([code, body.toString(), version]).toEqual([0, 'b', 479])
    expect(header().offset).toEqual(Long.fromString('9007199254740993'))
  })

  it('that has several good answers says which one came', async () => {
    const { invoke$ } = answering(answer(RESPONSE.QUERY_NOT_FOUND, { remark: 'no offset' }))
    const accept = [RESPONSE.QUERY_NOT_FOUND]
    const found = await firstValueFrom(invoke$('a:1', REQUESTS.QUERY_CONSUMER_OFFSET, GROUP_QUEUE, { accept }))
    expect([found.code, found.remark]).toEqual([22, 'no offset'])
  })

  it('whose answer lacks a field fails when that is read, and names the field', async () => {
    const { invoke$ } = answering(answer(0))
    const { header } = await firstValueFrom(invoke$('a:1', REQUESTS.QUERY_CONSUMER_OFFSET, GROUP_QUEUE))
    expect(header).toThrow(
      expect.objectContaining({
        code: 'ERR_RMQ_PROTOCOL',
        endpoint: 'a:1',
        sent: 'maybe',
        message: 'header field offset is missing',
      }),
    )
  })
})

describe('a refused request', () => {
  it.each([
    [RESPONSE.SYSTEM_ERROR, 'ERR_RMQ_BROKER', true],
    [RESPONSE.SYSTEM_BUSY, 'ERR_RMQ_BUSY', true],
    [RESPONSE.REQUEST_CODE_NOT_SUPPORTED, 'ERR_RMQ_BROKER', false],
    [RESPONSE.MESSAGE_ILLEGAL, 'ERR_RMQ_ILLEGAL', false],
    [RESPONSE.SERVICE_NOT_AVAILABLE, 'ERR_RMQ_BROKER', true],
    [RESPONSE.NO_PERMISSION, 'ERR_RMQ_AUTH', false],
    [RESPONSE.TOPIC_NOT_EXIST, 'ERR_RMQ_ROUTE_NOT_FOUND', true],
    [RESPONSE.SUBSCRIPTION_NOT_EXIST, 'ERR_RMQ_BROKER', false],
    [RESPONSE.INVALID_PARAMETER, 'ERR_RMQ_ILLEGAL', false],
    [RESPONSE.NO_BUYER_ID, 'ERR_RMQ_BROKER', true],
    [RESPONSE.FLOW_CONTROL, 'ERR_RMQ_BUSY', false],
    [RESPONSE.GO_AWAY, 'ERR_RMQ_BROKER', true],
    [31_337, 'ERR_RMQ_BROKER', false],
  ])(
    'with code %i is %s, to be repeated elsewhere: %s, and was not carried out',
    async (responseCode, code, retriable) => {
      const { invoke$ } = answering(answer(responseCode, { remark: 'because' }))
      const failure = await failureOf(invoke$('a:1', REQUESTS.HEART_BEAT, {}))
      expect(failure).toMatchObject({ code, retriable, responseCode, sent: 'no', endpoint: 'a:1', remark: 'because' })
      expect(failure.advice).toBeTruthy()
    },
  )

  it('is refused also where another answer would have been a good one', async () => {
    const { invoke$ } = answering(answer(RESPONSE.SYSTEM_ERROR))
    const accept = [RESPONSE.QUERY_NOT_FOUND]
    const failure = await failureOf(invoke$('a:1', REQUESTS.QUERY_CONSUMER_OFFSET, GROUP_QUEUE, { accept }))
    expect(failure.responseCode).toBe(RESPONSE.SYSTEM_ERROR)
  })

  it('is told by the server, the request, the name and number of the answer, and its remark', async () => {
    const { invoke$ } = answering(answer(RESPONSE.SYSTEM_ERROR, { remark: 'store is full' }))
    const { message } = await failureOf(invoke$('a:1', REQUESTS.HEART_BEAT, {}))
    expect(message).toBe('a:1 answered request 34 with SYSTEM_ERROR (1): store is full')
  })

  it('does not tell endless remarks', async () => {
    const { invoke$ } = answering(answer(RESPONSE.SYSTEM_ERROR, { remark: 'x'.repeat(100_000) }))
    const { message } = await failureOf(invoke$('a:1', REQUESTS.HEART_BEAT, {}))
    expect(message.length).toBeLessThan(600)
  })
})
