import { EMPTY, firstValueFrom, map, mergeMap, of, throwError } from 'rxjs'
import { afterEach, describe, expect, it } from 'vitest'
import { illegal } from '../../src/errors.ts'
import { createClient, message, observeCalls, topic } from '../../src/index.ts'
import type { Client, ClientConfig, CredentialsSource, Interceptor, SeenCall } from '../../src/index.ts'
import { verifySignature } from '../../src/protocol/acl-signature.ts'
import { isResponse, requestFrame } from '../../src/protocol/frames/frame.ts'
import { requestName, REQUESTS } from '../../src/protocol/requests/requests.ts'
import { RESPONSE } from '../../src/protocol/responses.ts'
import { compose } from '../../src/remoting/interceptors.ts'
import { failureOf } from '../support/failure.ts'
import { answers, fakeCluster, storedAnswer } from '../support/fake-cluster.ts'
import { fakeTransport } from '../support/fake-transport.ts'
import type { Script } from '../support/fake-transport.ts'

const HELLO = message(topic('t'), Buffer.from('hello'))
const SEND = REQUESTS.SEND_MESSAGE_V2.code

const clients: Client[] = []
afterEach(async () => {
  await Promise.all(clients.splice(0).map(client => client.close({ drainMs: 0 })))
})
const world = (config: Partial<ClientConfig>, instead: Readonly<Record<number, Script>> = {}) => {
  const transport = fakeTransport(fakeCluster({ instead }))
  const client = createClient({ nameServers: 'n:1', clientId: 'me', logger: false, runtime: { transport }, ...config })
  clients.push(client)
  return { client, transport, producer: client.producer({ retries: 0 }) }
}
const adding =
  (name: string, value: string): Interceptor =>
  next =>
  call =>
    next({ ...call, frame: { ...call.frame, fields: { ...call.frame.fields, [name]: value } } })

describe('interceptors of calls', () => {
  it('are around each other: the first hears of a call first, and of its answer last', () => {
    const heard: string[] = []
    const noting =
      (name: string): Interceptor =>
      next =>
      call => {
        heard.push(`> ${name}`)
        return next(call).pipe(map(answer => (heard.push(`< ${name}`), answer)))
      }
    const frame = requestFrame(1)
    const call = { kind: 'request', endpoint: 'e:1', role: 'control', frame, timeoutMs: 1, patient: false } as const
    compose([noting('a'), noting('b')])(() => of(frame))(call).subscribe()
    expect(heard).toEqual(['> a', '> b', '< b', '< a'])
    expect(compose([])(() => of(frame))(call)).toBeDefined()
  })

  it('see requests, heartbeats, one-way calls and replies', async () => {
    const seen: SeenCall[] = []
    const { client, producer, transport } = world({
      heartbeatMode: 'oneway',
      interceptors: [observeCalls(call => seen.push(call))],
    })
    await producer.warmup(['t'])
    await producer.send(HELLO)
    transport.say('a:1', requestFrame(REQUESTS.CHECK_TRANSACTION_STATE.code, { opaque: 7 }))
    await expect.poll(() => seen.some(({ kind }) => kind === 'reply')).toBe(true)
    const names = seen.map(({ kind, name, endpoint, responseCode }) => [kind, name, endpoint, responseCode].join(' '))
    expect(names).toContain('request GET_ROUTEINFO_BY_TOPIC n:1 0')
    expect(names).toContain('oneway HEART_BEAT a:1 ')
    expect(names).toContain('request SEND_MESSAGE_V2 a:1 0')
    expect(names).toContain(`reply ${RESPONSE.REQUEST_CODE_NOT_SUPPORTED} a:1 `)
    expect(seen.every(({ failure, elapsedMs }) => failure === undefined && elapsedMs >= 0)).toBe(true)
    await client.close()
  })

  it('may change what is said, and what is signed is what they made of it', async () => {
    const credentials = { accessKey: 'user', secretKey: 'secret' }
    const { producer, transport } = world({ credentials, interceptors: [adding('trace-id', '42')] })
    await producer.warmup(['t'])
    await producer.send(HELLO)
    expect(transport.written.length).toBeGreaterThan(2)
    for (const { frame } of transport.written) {
      expect([requestName(frame.code), frame.fields['trace-id']]).toEqual([requestName(frame.code), '42'])
      expect(verifySignature(frame, () => credentials.secretKey)).toBe('valid')
    }
  })

  it('may answer by themselves, or ask again', async () => {
    let asked = 0
    const answering: Interceptor = next => call =>
      call.frame.code === SEND && asked++ === 0 ? next(call).pipe(mergeMap(() => next(call))) : next(call)
    const { producer, transport } = world({ interceptors: [answering] })
    expect((await producer.send(HELLO)).status).toBe('ok')
    expect(transport.sent(SEND)).toHaveLength(2)
    const cached = world({
      interceptors: [next => call => (call.frame.code === SEND ? of(storedAnswer()) : next(call))],
    })
    expect((await cached.producer.send(HELLO)).status).toBe('ok')
    expect(cached.transport.sent(SEND)).toHaveLength(0)
  })

  it.each<[string, Interceptor, string]>([
    ['throws', () => () => { throw new Error('broken') }, 'ERR_RMQ_ILLEGAL'], // prettier-ignore
    ['errors', () => () => throwError(() => new Error('broken')), 'ERR_RMQ_ILLEGAL'],
    ['has an error of this library', () => () => throwError(() => illegal('not this one')), 'ERR_RMQ_ILLEGAL'],
    ['gives nothing', () => () => EMPTY, 'ERR_RMQ_ILLEGAL'],
    ['gives no answer', () => () => of(undefined), 'ERR_RMQ_ILLEGAL'],
  ])('one that %s fails the request, and says so', async (_, failing, code) => {
    const { producer, client } = world({
      interceptors: [next => call => (call.frame.code === SEND ? failing(next)(call) : next(call))],
    })
    const error = await failureOf(producer.send(HELLO))
    expect(error.code).toBe(code)
    expect(error.message).toMatch(/interceptor failed at request SEND_MESSAGE_V2 to a:1|not this one/)
    expect(await firstValueFrom(client.routes$('t'))).toMatchObject({ status: 'known' }) // nothing else is affected
  })

  it('tell of a failure by its code', async () => {
    const seen: SeenCall[] = []
    const { producer } = world(
      { interceptors: [observeCalls(call => seen.push(call))] },
      { [SEND]: () => throwError(() => new Error('gone')) },
    )
    await failureOf(producer.send(HELLO))
    expect(seen.find(({ name }) => name === 'SEND_MESSAGE_V2')).toMatchObject({
      failure: 'ERR_RMQ_CONNECT',
      responseCode: undefined,
    })
  })
})

describe('credentials from a function', () => {
  const GOOD = { accessKey: 'user', secretKey: 'good' }
  const denied = answers(RESPONSE.NO_PERMISSION, {})
  const checking: Readonly<Record<number, Script>> = {
    [SEND]: frame =>
      of(
        verifySignature(frame, () => GOOD.secretKey) === 'valid'
          ? storedAnswer()
          : { ...denied, remark: 'check signature failed.' },
      ),
  }

  it('are asked for once, however many requests there are', async () => {
    let asked = 0
    const { producer, transport } = world({ credentials: () => of((asked++, GOOD)) }, checking)
    await Promise.all([producer.send(HELLO), producer.send(HELLO), producer.send(HELLO)])
    expect(asked).toBe(1)
    expect(
      transport.written.filter(({ frame }) => !isResponse(frame)).every(({ frame }) => frame.fields['Signature']),
    ).toBe(true)
  })

  it('that are wrong are not asked for again with every request', async () => {
    let asked = 0
    const { producer, transport } = world({ credentials: () => of((asked++, { ...GOOD, secretKey: 'bad' })) }, checking)
    for (let n = 0; n < 5; n++) {
      expect(await failureOf(producer.send(HELLO))).toMatchObject({ code: 'ERR_RMQ_AUTH', attempts: [{ sent: 'no' }] })
    }
    expect(asked).toBe(1)
    expect(transport.sent(SEND)).toHaveLength(5)
  })

  it.each<[string, CredentialsSource, string]>([
    ['fails', () => throwError(() => new Error('no such account')), 'no such account'],
    ['throws', () => { throw new Error('no such account') }, 'no such account'], // prettier-ignore
    ['gives nothing', () => EMPTY, 'not an object'],
    ['gives what cannot sign', () => of({ accessKey: 'user', secretKey: '' }), 'credentials.secretKey is empty'],
  ])('that %s make ERR_RMQ_AUTH, and the next request asks again', async (_, credentials, says) => {
    let asked = 0
    const flaky = typeof credentials === 'function' ? () => (asked++ < 3 ? credentials() : of(GOOD)) : credentials
    const { client } = world({ credentials: flaky }, checking)
    const error = await failureOf(client.ready())
    expect(error).toMatchObject({ code: 'ERR_RMQ_AUTH', sent: 'no' })
    expect(error.message).toContain(says)
    await expect.poll(() => client.ready().then(() => true, () => false)).toBe(true) // prettier-ignore
  })

  it('that never come fail a request when its time is up', async () => {
    const { client } = world(
      { credentials: () => new Promise(() => undefined), timing: { requestTimeoutMs: 50 } },
      checking,
    )
    expect(await failureOf(client.ready())).toMatchObject({ code: 'ERR_RMQ_TIMEOUT', sent: 'no' })
  })
})
