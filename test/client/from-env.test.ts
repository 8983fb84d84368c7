import { describe, expect, it } from 'vitest'
import { configFromEnv } from '../../src/client/from-env.ts'

describe('what the environment says', () => {
  it.each([
    ['nothing', {}, { nameServers: '', timing: {} }],
    ['the name servers', { ROCKETMQ_NAMESRV_ADDR: 'a:1;b:2' }, { nameServers: 'a:1;b:2', timing: {} }],
    ['the name servers as Java calls them', { NAMESRV_ADDR: 'a:1' }, { nameServers: 'a:1', timing: {} }],
    [
      'ours before those of Java',
      { ROCKETMQ_NAMESRV_ADDR: 'a:1', NAMESRV_ADDR: 'b:2' },
      { nameServers: 'a:1', timing: {} },
    ],
    [
      'those of Java where ours are empty',
      { ROCKETMQ_NAMESRV_ADDR: '', NAMESRV_ADDR: 'b:2' },
      { nameServers: 'b:2', timing: {} },
    ],
    [
      'how long a request may take',
      { ROCKETMQ_RPC_TIMEOUT: '5000' },
      { nameServers: '', timing: { requestTimeoutMs: 5_000 } },
    ],
    [
      'how long a dial may take',
      { ROCKETMQ_CONNECTION_POOL_TIMEOUT: '700' },
      { nameServers: '', timing: { connectTimeoutMs: 700 } },
    ],
    ['how many requests may wait', { ROCKETMQ_MAX_WAITERS: '9' }, { nameServers: '', timing: {}, maxInFlight: 9 }],
    [
      'nothing where variables are empty',
      { ROCKETMQ_RPC_TIMEOUT: '', ROCKETMQ_MAX_WAITERS: '' },
      { nameServers: '', timing: {} },
    ],
    ['nothing by variables of others', { ROCKETMQ_HOME: '/opt', PATH: '/bin' }, { nameServers: '', timing: {} }],
  ])('is %s', (_, env, config) => {
    expect(configFromEnv(env)).toEqual(config)
  })

  it.each([
    ['ROCKETMQ_RPC_TIMEOUT', 'soon'],
    ['ROCKETMQ_RPC_TIMEOUT', '0'],
    ['ROCKETMQ_RPC_TIMEOUT', '-5'],
    ['ROCKETMQ_RPC_TIMEOUT', '1.5'],
    ['ROCKETMQ_CONNECTION_POOL_TIMEOUT', '3s'],
    ['ROCKETMQ_MAX_WAITERS', '99999999999'],
    ['ROCKETMQ_MAX_WAITERS', ' 5'],
  ])('is refused by name when %s is "%s"', (name, value) => {
    expect(() => configFromEnv({ [name]: value })).toThrow(
      expect.objectContaining({
        code: 'ERR_RMQ_ILLEGAL',
        message: expect.stringContaining(`${name} is "${value}"`) as string,
      }),
    )
  })

  it('is that of the process where none is given', () => {
    expect(configFromEnv().nameServers).toBe(process.env['ROCKETMQ_NAMESRV_ADDR'] ?? process.env['NAMESRV_ADDR'] ?? '')
  })
})
