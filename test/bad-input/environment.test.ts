import { describe, expect, it } from 'vitest'
import { codecs, configFromEnv, createClient, message, topic } from '../../src/index.ts'
import { startEmbeddedCluster } from '../../src/embedded/index.ts'
import { failureOf, thrownBy } from '../support/failure.ts'

const NUMBERS = ['ROCKETMQ_RPC_TIMEOUT', 'ROCKETMQ_CONNECTION_POOL_TIMEOUT', 'ROCKETMQ_MAX_WAITERS']

describe.each(NUMBERS)('the environment variable %s', name => {
  it.each(['abc', '12s', '1e3', '-5', '0', '1.5', ' ', '0x10', 'NaN', 'Infinity', '99999999999'])(
    'is not %j',
    value => {
      const error = thrownBy(() => configFromEnv({ ROCKETMQ_NAMESRV_ADDR: 'a:1', [name]: value }))
      expect(error).toMatchObject({ code: 'ERR_RMQ_ILLEGAL', sent: 'no', retriable: false })
      expect(error.message).toContain(name)
      expect(error.message).toContain(JSON.stringify(value).slice(1, -1))
      expect(error.advice).toMatch(/\w/)
    },
  )

  it('left empty is as not set', () => {
    expect(configFromEnv({ [name]: '' })).toEqual(configFromEnv({}))
  })
})

it('a value that is long is not repeated at length', () => {
  const error = thrownBy(() => configFromEnv({ ROCKETMQ_RPC_TIMEOUT: 'x'.repeat(10_000) }))
  expect(error.message.length).toBeLessThan(200)
})

it('a number that the client cannot use is refused by the client, by the name of its option', () => {
  const config = configFromEnv({ ROCKETMQ_NAMESRV_ADDR: 'a:1', ROCKETMQ_RPC_TIMEOUT: '9999999999' })
  const error = thrownBy(() => createClient({ ...config, logger: false }))
  expect(error.code).toBe('ERR_RMQ_ILLEGAL')
  expect(error.message).toContain('timing.requestTimeoutMs')
})

it('an environment that names no server leads to an error that says what to set', async () => {
  await using client = createClient({ ...configFromEnv({}), logger: false })
  const error = await failureOf(client.producer().send(message(topic('texts', codecs.text), 'x')))
  expect(error).toMatchObject({ code: 'ERR_RMQ_ILLEGAL', sent: 'no' })
  expect(error.advice).toContain('ROCKETMQ_NAMESRV_ADDR')
})

it('a good environment makes a working client; RocketMQ’s own variable is understood, ours goes first', async () => {
  await using cluster = await startEmbeddedCluster({ topics: { texts: 1 } })
  const [address] = cluster.nameServers
  for (const env of [
    {
      ROCKETMQ_NAMESRV_ADDR: address,
      NAMESRV_ADDR: 'nowhere:1',
      ROCKETMQ_RPC_TIMEOUT: '2000',
      ROCKETMQ_MAX_WAITERS: '10',
    },
    { NAMESRV_ADDR: address, ROCKETMQ_CONNECTION_POOL_TIMEOUT: '1000' },
  ]) {
    await using client = createClient({ ...configFromEnv(env), logger: false })
    expect((await client.producer().send(message(topic('texts', codecs.text), 'x'))).status).toBe('ok')
  }
})
