import { lastValueFrom, of } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codecs, createClient, message, on, topic } from '../../src/index.ts'
import type {
  Client,
  ClientConfig,
  ConsumerOptions,
  ProcessOptions,
  ProducerOptions,
  SendOptions,
  SendStreamOptions,
} from '../../src/index.ts'
import { startEmbeddedCluster } from '../../src/embedded/index.ts'
import type { EmbeddedCluster } from '../../src/embedded/index.ts'
import { failureOf, thrownBy } from '../support/failure.ts'

const texts = topic('texts', codecs.text)

let cluster: EmbeddedCluster
let client: Client
beforeAll(async () => {
  cluster = await startEmbeddedCluster({ topics: { texts: 1 } })
  client = createClient({ nameServers: cluster.nameServers, logger: false })
})
afterAll(async () => {
  expect((await client.producer().send(message(texts, 'x'))).status).toBe('ok') // after all of it
  await client.close()
  await cluster.stop()
})

/** Values that are no whole number of ms in the bounds of a timer. */
const NO_MS = [-1, NaN, Infinity, -Infinity, 0.5, 2 ** 31, '100', null, {}, true] as unknown as readonly number[]
const expectIllegal = (
  error: { code: string; message: string; advice: string | undefined; sent: string; retriable: boolean },
  name: string,
  value: unknown,
) => {
  expect([name, value, error.code, error.sent, error.retriable]).toEqual([name, value, 'ERR_RMQ_ILLEGAL', 'no', false])
  expect(error.message).toContain(name)
  expect(error.advice).toMatch(/\w/)
}
type Wrong<O> = readonly (readonly [name: string, values: readonly unknown[], toOptions: (value: never) => O])[]

describe('createClient throws at once', () => {
  const timings = ['requestTimeoutMs', 'connectTimeoutMs', 'routeRefreshMs', 'routeRetryMs', 'routeTtlMs', 'heartbeatMs', 'idleMs', 'commitMs', 'rebalanceMs', 'drainMs'] // prettier-ignore
  const wrong: Wrong<Partial<ClientConfig>> = [
    ...timings.map(
      name =>
        [
          `timing.${name}`,
          name === 'drainMs' ? NO_MS : [0, ...NO_MS],
          (value: never) => ({ timing: { [name]: value } }),
        ] as const,
    ),
    ['timing.heartbeat', [1], value => ({ timing: { heartbeat: value } as object })],
    ['health.degradedAfter', [0, -1, 1_001, 1.5, '3'], value => ({ health: { degradedAfter: value } })],
    ['health.unhealthyAfter', [0, 2, NaN], value => ({ health: { unhealthyAfter: value } })],
    ['health.healthyAfter', [0, NaN], value => ({ health: { healthyAfter: value } })],
    ['health.heartbeatFailure', ['panic', 1], value => ({ health: { heartbeatFailure: value } })],
    ['health.probeMs', NO_MS, value => ({ health: { probeMs: value } })],
    ['health.nonsense', [1], value => ({ health: { nonsense: value } as object })],
    ['maxInFlight', [0, -1, NaN, 1.5, 1_000_001, '5'], maxInFlight => ({ maxInFlight })],
    ['connection.maxFrameBytes', [0, -1, NaN, 1.5], value => ({ connection: { maxFrameBytes: value } })],
    ['connection.nonsense', [1], value => ({ connection: { nonsense: value } as object })],
  ]
  it.each(wrong)('a wrong %s', (name, values, toOptions) => {
    for (const value of values) {
      const error = thrownBy(() =>
        createClient({ nameServers: cluster.nameServers, logger: false, ...toOptions(value as never) }),
      )
      expectIllegal(error, name, value)
    }
  })

  it('undefined means the default', async () => {
    const nothing = {
      timing: { requestTimeoutMs: undefined },
      maxInFlight: undefined,
    } as unknown as Partial<ClientConfig>
    await using plain = createClient({ nameServers: cluster.nameServers, logger: false, ...nothing })
    expect((await plain.producer().send(message(texts, 'x'))).status).toBe('ok')
  })
})

describe('client.producer throws at once', () => {
  const wrong: Wrong<ProducerOptions> = [
    ['group', ['', ' ', 'a b', 'x'.repeat(256), 'grüße', 'a.b'], group => ({ group })],
    ['DEFAULT_PRODUCER', ['DEFAULT_PRODUCER'], group => ({ group })],
    ['timeoutMs', [0, ...NO_MS], timeoutMs => ({ timeoutMs })],
    ['retries', [-1, 17, NaN, 1.5, '2'], retries => ({ retries })],
    ['retry', ['always', '', 1], retry => ({ retry })],
    ['hash', ['md5', ''], hash => ({ hash })],
    ['select', ['hash', '', null, {}], select => ({ select })],
    ['maxInFlight', [0, -1, NaN, Infinity], maxInFlight => ({ maxInFlight })],
    ['maxQueued', [-1, NaN, Infinity, 0.5], maxQueued => ({ maxQueued })],
    ['maxQueuedBytes', [-1, NaN], maxQueuedBytes => ({ maxQueuedBytes })],
    ['maxRequests', [0, -1, NaN, Infinity, 0.5], maxRequests => ({ maxRequests })],
    ['maxMessageBytes', [0, -1, (16 << 20) + 1, NaN], maxMessageBytes => ({ maxMessageBytes })],
    ['compressAboveBytes', [-1, NaN, -Infinity, 0.5], compressAboveBytes => ({ compressAboveBytes })],
    ['compressLevel', [0, 10, NaN], compressLevel => ({ compressLevel })],
    ['defaultTopicQueues', [0, 1_025, NaN], defaultTopicQueues => ({ defaultTopicQueues })],
  ]
  it.each(wrong)('a wrong %s', (name, values, toOptions) => {
    for (const value of values)
      expectIllegal(
        thrownBy(() => client.producer(toOptions(value as never))),
        name,
        value,
      )
  })
})

describe('client.consumer throws at once', () => {
  const limits = ['unsettledPerQueue', 'unsettledBytesPerQueue', 'unsettled', 'unsettledBytes', 'span', 'pullBatch']
  const wrong: Wrong<Partial<ConsumerOptions>> = [
    ['group', ['', ' ', 'a b', 'x'.repeat(256)], group => ({ group })],
    ['subscribes to nothing', [[]], subscribe => ({ subscribe })],
    ['topic', [[on(topic(''))], [on(topic('a b'))], [on(topic('x'.repeat(128)))]], subscribe => ({ subscribe })],
    ['"texts" is subscribed to twice', [[on(texts), on(texts, { tags: 'a' })]], subscribe => ({ subscribe })],
    ['tag', ['||', '||||'], tags => ({ subscribe: [{ topic: texts, tags }] })],
    ['startFrom', ['middle', new Date(NaN), 5, null], startFrom => ({ startFrom })],
    ['onDecodeError', ['ignore', ''], onDecodeError => ({ onDecodeError })],
    ['commit.everyMs', [0, ...NO_MS], everyMs => ({ commit: { everyMs } })],
    ['retry.maxAttempts', [-1, NaN, 1.5], maxAttempts => ({ retry: { maxAttempts } })],
    ...limits.map(
      name => [`flow.${name}`, [0, -1, NaN, 1.5, Infinity], (value: never) => ({ flow: { [name]: value } })] as const,
    ),
    ['flow.unsettledPerQueues', [1], value => ({ flow: { unsettledPerQueues: value } as object })],
  ]
  it.each(wrong)('%s', (name, values, toOptions) => {
    for (const value of values) {
      const error = thrownBy(() =>
        client.consumer({ group: 'g', subscribe: [on(texts)], ...toOptions(value as never) }),
      )
      expectIllegal(error, name, value)
    }
  })
})

describe('an operation with a wrong option fails by itself, and only it', () => {
  const ofSend: Wrong<SendOptions> = [
    ['timeoutMs', [0, ...NO_MS], timeoutMs => ({ timeoutMs })],
    ['require', ['everywhere', ''], require => ({ require })],
    ['select', ['sticky', 5, null], select => ({ select })],
    ['queue', [null, 'texts', {}, { topic: 'other', brokerName: 'a', queueId: 0 }], queue => ({ queue })],
    ['queue', [{ topic: 'texts', brokerName: 'broker-a', queueId: 99 }], queue => ({ queue })],
  ]
  it.each(ofSend)('send$ with a wrong %s', async (name, values, toOptions) => {
    const producer = client.producer()
    for (const value of values) {
      expectIllegal(await failureOf(producer.send$(message(texts, 'x'), toOptions(value as never))), name, value)
    }
    expect((await producer.send(message(texts, 'x'))).status).toBe('ok')
  })

  const ofProcess: Wrong<ProcessOptions> = [
    ['concurrency', [0, -1, NaN, 65_537, 1.5], concurrency => ({ concurrency })],
    ['timeoutMs', [0, ...NO_MS], timeoutMs => ({ timeoutMs })],
    ['onError', ['ignore', '', 5], onError => ({ onError })],
    ['keyBy', ['message', '', 5], keyBy => ({ keyBy })],
  ]
  it.each(ofProcess)('process$ with a wrong %s', async (name, values, toOptions) => {
    const consumer = client.consumer({ group: 'wrong_options', subscribe: [on(texts)] })
    for (const value of values) {
      expectIllegal(await failureOf(consumer.process$(() => undefined, toOptions(value as never))), name, value)
    }
    // and it may be subscribed with better ones
    expect(
      await lastValueFrom(
        consumer.process$(() => undefined, { until: of(1) }),
        { defaultValue: 'over' },
      ),
    ).toBe('over')
  })

  const ofStream: Wrong<SendStreamOptions<string>> = [
    ['concurrency', [0, -1, NaN, 65_537], concurrency => ({ concurrency })],
    ['order', ['reverse', ''], order => ({ order })],
    ['onError', ['ignore', ''], onError => ({ onError })],
    ['buffer.count', [-1, NaN, Infinity], count => ({ buffer: { count } })],
    ['buffer.overflow', ['wait', ''], overflow => ({ buffer: { overflow } })],
  ]
  it.each(ofStream)('sendAll with a wrong %s, at once', (name, values, toOptions) => {
    const producer = client.producer()
    for (const value of values) {
      const error = thrownBy(() =>
        producer.sendAll((text: string) => message(texts, text), toOptions(value as never) as object),
      )
      expectIllegal(error, name, value)
    }
  })

  it.each(['close', 'consumer.close', 'producer.close'] as const)('%s with a wrong drainMs', async which => {
    const other = createClient({ nameServers: cluster.nameServers, logger: false })
    const producer = other.producer()
    const consumer = other.consumer({ group: 'g', subscribe: [on(texts)] })
    const close = { close: other.close, 'consumer.close': consumer.close, 'producer.close': producer.close }[which]
    for (const drainMs of NO_MS) {
      const error = await failureOf(Promise.resolve().then(() => close({ drainMs })))
      expectIllegal(error, 'drainMs', drainMs)
    }
    expect((await producer.send(message(texts, 'still open'))).status).toBe('ok')
    expect(await other.close()).toMatchObject({ forced: false })
  })
})
