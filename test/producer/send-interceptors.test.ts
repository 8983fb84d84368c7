import { EMPTY, firstValueFrom, map, of, retry, tap, throwError } from 'rxjs'
import { afterEach, describe, expect, it } from 'vitest'
import { createClient, message, topic } from '../../src/index.ts'
import type { Client, ProducerOptions, SendInterceptor, SendResult } from '../../src/index.ts'
import { illegal } from '../../src/errors.ts'
import { PROPERTY, readProperties } from '../../src/protocol/messages/properties.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { RESPONSE } from '../../src/protocol/responses.ts'
import { failureOf } from '../support/failure.ts'
import { answers, fakeCluster, storedAnswer } from '../support/fake-cluster.ts'
import { fakeTransport } from '../support/fake-transport.ts'
import type { Script } from '../support/fake-transport.ts'

const SEND = REQUESTS.SEND_MESSAGE_V2.code
const HELLO = message(topic('t'), Buffer.from('hello'), { tag: 'greeting' })

const clients: Client[] = []
afterEach(async () => {
  await Promise.all(clients.splice(0).map(client => client.close({ drainMs: 0 })))
})
const world = (options: ProducerOptions, send?: Script, brokers = { a: 'a:1' } as Record<string, string>) => {
  const transport = fakeTransport(
    fakeCluster({ brokers, ...(send === undefined ? {} : { instead: { [SEND]: send } }) }),
  )
  const client = createClient({ nameServers: 'n:1', logger: false, runtime: { transport, random: () => 0 } })
  clients.push(client)
  const properties = () => transport.sent(SEND).map(({ frame }) => readProperties(frame.fields['i'] ?? ''))
  return { client, transport, producer: client.producer(options), properties }
}

describe('interceptors of sends', () => {
  it('are around one send with all its repeats, in their order, and see message, group, id, attempts and result', async () => {
    const heard: string[] = []
    const noting =
      (name: string): SendInterceptor =>
      (sending, next) => {
        heard.push(`> ${name} ${sending.group} ${sending.message.tag ?? ''}`)
        return next(sending).pipe(
          tap(result =>
            heard.push(
              `< ${name} ${'attempts' in result ? result.attempts : 'no'} ${String(result.messageId === sending.messageId)}`,
            ),
          ),
        )
      }
    let sends = 0
    const failing: Script = () => of(sends++ === 0 ? answers(RESPONSE.SYSTEM_BUSY) : storedAnswer())
    const { producer } = world({ group: 'g', interceptors: [noting('a'), noting('b')] }, failing)
    await producer.send(HELLO)
    expect(heard).toEqual(['> a g greeting', '> b g greeting', '< b 2 true', '< a 2 true'])
  })

  it('may hand on another message; the id stays, over a retry as well', async () => {
    const marking: SendInterceptor = (sending, next) =>
      next({
        ...sending,
        message: { ...sending.message, properties: { ...sending.message.properties, traceparent: '00-1' } },
      })
    let sends = 0
    const failing: Script = () => of(sends++ === 0 ? answers(RESPONSE.MESSAGE_ILLEGAL) : storedAnswer())
    const { producer, properties } = world({ interceptors: [marking] }, failing)
    await firstValueFrom(producer.send$(HELLO).pipe(retry(1)))
    expect(properties()).toHaveLength(2)
    expect(new Set(properties().map(all => `${all['traceparent']} ${all[PROPERTY.UNIQUE_KEY]}`)).size).toBe(1)
    expect(HELLO.properties).toBeUndefined()
  })

  it('are around the sends of streams as well', async () => {
    let seen = 0
    const counting: SendInterceptor = (sending, next) => (seen++, next(sending))
    const { producer } = world({ interceptors: [counting] })
    await firstValueFrom(of(1, 2).pipe(producer.sendAll(() => HELLO)))
    await producer.sendOutcome(HELLO)
    await producer.flush()
    expect(seen).toBe(3)
  })

  it('never tell inside of subscribe, whatever they do', async () => {
    const { producer } = world({ interceptors: [() => of<SendResult>({ status: 'ok' } as SendResult)] })
    let inside = true
    const told = new Promise<boolean>(resolve => {
      producer.send$(HELLO).subscribe(() => resolve(inside))
      inside = false
    })
    expect(await told).toBe(false)
  })

  it.each<[string, SendInterceptor, string]>([
    ['throws', () => { throw new Error('broken') }, 'an interceptor failed at a message to "t": broken'], // prettier-ignore
    ['errors', () => throwError(() => new Error('broken')), 'an interceptor failed at a message to "t": broken'],
    ['gives nothing', () => EMPTY, 'an interceptor failed at a message to "t": it gave no result'],
    ['refuses by an error of its own', () => throwError(() => illegal('not today')), 'not today'],
  ])('one that %s fails the send', async (_, failing, says) => {
    const { producer, transport } = world({ interceptors: [failing] })
    expect(await failureOf(producer.send(HELLO))).toMatchObject({ code: 'ERR_RMQ_ILLEGAL', message: says })
    expect(transport.sent(SEND)).toEqual([])
  })
})

describe('a send that is stored but not replicated', () => {
  const notOk = storedAnswer(0, RESPONSE.SLAVE_NOT_AVAILABLE)
  const TWO = { a: 'a:1', b: 'b:1' }
  const endpoints = ({ transport }: ReturnType<typeof world>) => transport.sent(SEND).map(({ endpoint }) => endpoint)

  it('has succeeded, unless another broker is to be tried', async () => {
    const plain = world({}, (_, endpoint) => of(endpoint === 'a:1' ? notOk : storedAnswer()), TWO)
    expect(await plain.producer.send(HELLO)).toMatchObject({ status: 'slave-not-available', attempts: 1 })
    expect(endpoints(plain)).toEqual(['a:1'])
  })

  it('is sent to another broker with the same id where retryAnotherBrokerWhenNotStoreOk says so', async () => {
    const elsewhere = world(
      { retryAnotherBrokerWhenNotStoreOk: true },
      (_, endpoint) => of(endpoint === 'a:1' ? notOk : storedAnswer()),
      TWO,
    )
    expect(await elsewhere.producer.send(HELLO)).toMatchObject({ status: 'ok', attempts: 2 })
    expect(endpoints(elsewhere)).toEqual(['a:1', 'b:1'])
    expect(new Set(elsewhere.properties().map(all => all[PROPERTY.UNIQUE_KEY])).size).toBe(1)
    expect(elsewhere.producer.stats()).toMatchObject({ sent: 1, failed: 0, retried: 1 })
  })

  it('stands when no other broker does better, and when there is no other', async () => {
    const failing: Script = (_, endpoint) => of(endpoint === 'a:1' ? notOk : answers(RESPONSE.MESSAGE_ILLEGAL))
    const worse = world({ retryAnotherBrokerWhenNotStoreOk: true }, failing, TWO)
    expect(await worse.producer.send(HELLO)).toMatchObject({ status: 'slave-not-available', attempts: 2 })
    expect(endpoints(worse)).toEqual(['a:1', 'b:1'])
    const both = world({ retryAnotherBrokerWhenNotStoreOk: true, retries: 1 }, () => of(notOk), TWO)
    expect(await both.producer.send(HELLO)).toMatchObject({ status: 'slave-not-available', attempts: 2 })
    const alone = world({ retryAnotherBrokerWhenNotStoreOk: true }, () => of(notOk))
    expect(await alone.producer.send(HELLO)).toMatchObject({ status: 'slave-not-available', attempts: 1 })
    expect(endpoints(alone)).toEqual(['a:1'])
  })
})

it('a plain map in an interceptor is enough to change a result', async () => {
  const { producer } = world({
    interceptors: [(sending, next) => next(sending).pipe(map(result => ({ ...result, regionId: 'moon' })))],
  })
  expect((await producer.send(HELLO)).regionId).toBe('moon')
})
