import { describe, expect, it } from 'vitest'
import { readHeader, writeHeader } from '../../src/protocol/requests/fields.ts'
import { UNDESCRIBED } from '../../src/protocol/requests/request-row.ts'
import type { RequestRow } from '../../src/protocol/requests/request-row.ts'
import * as admin from '../../src/protocol/requests/requests-admin.ts'
import * as upkeep from '../../src/protocol/requests/requests-broker-upkeep.ts'
import { CONSUMING_REQUESTS } from '../../src/protocol/requests/requests-consuming.ts'
import { CONTROLLER_REQUESTS } from '../../src/protocol/requests/requests-controller.ts'
import { NAME_SERVER_REQUESTS } from '../../src/protocol/requests/requests-name-server.ts'
import { OFFSET_REQUESTS } from '../../src/protocol/requests/requests-offsets.ts'
import { POPPING_REQUESTS } from '../../src/protocol/requests/requests-popping.ts'
import { SENDING_REQUESTS } from '../../src/protocol/requests/requests-sending.ts'
import { requestName, REQUESTS } from '../../src/protocol/requests/requests.ts'
import { vectorFiles } from '../support/golden.ts'

const ROWS: readonly (readonly [string, RequestRow])[] = Object.entries(REQUESTS)

const FAMILIES: readonly Readonly<Record<string, RequestRow>>[] = [
  ...Object.values(admin),
  ...Object.values(upkeep),
  CONSUMING_REQUESTS,
  CONTROLLER_REQUESTS,
  NAME_SERVER_REQUESTS,
  OFFSET_REQUESTS,
  POPPING_REQUESTS,
  SENDING_REQUESTS,
]

/** `frame/json/request/QUERY_MESSAGE/unique-key` is a sample of QUERY_MESSAGE. */
const SAMPLED = new Set(
  vectorFiles()
    .flatMap(({ vectors }) => vectors.map(({ name }) => name.split('/')))
    .filter(([, , kind]) => kind === 'request')
    .map(([, , , name = '']) => name.replace(/@.*/, '')),
)

describe('the request table', () => {
  it('has every family whole, and nothing twice', () => {
    expect(ROWS).toHaveLength(FAMILIES.reduce((sum, family) => sum + Object.keys(family).length, 0))
    expect(new Set(ROWS.map(([, { code }]) => code)).size).toBe(ROWS.length)
  })

  it('knows requests by their numbers', () => {
    expect(requestName(200_050)).toBe('POP_MESSAGE')
    expect(requestName(16)).toBe('16')
  })

  it('describes headers by samples of official implementations, but for these, which it has from descriptions', () => {
    const described = ROWS.filter(([, { asks }]) => asks !== UNDESCRIBED).map(([name]) => name)
    expect(described.filter(name => !SAMPLED.has(name)).sort()).toEqual([
      'AUTH_CREATE_ACL',
      'AUTH_DELETE_USER',
      'AUTH_GET_USER',
      'AUTH_UPDATE_ACL',
      'AUTH_UPDATE_USER',
      'GET_NAMESRV_CONFIG',
      'GET_SYSTEM_TOPIC_LIST_FROM_BROKER',
      'UPDATE_AND_CREATE_SUBSCRIPTIONGROUP',
      'UPDATE_BROKER_CONFIG',
      'UPDATE_NAMESRV_CONFIG',
    ])
  })

  it('gives no field to requests that nobody has described, though their codes are known', () => {
    const { CONTROLLER_ELECT_MASTER, GET_TOPIC_CONFIG } = REQUESTS
    expect(CONTROLLER_ELECT_MASTER.code).toBe(1002)
    expect(CONTROLLER_ELECT_MASTER.asks).toBe(UNDESCRIBED)
    expect(writeHeader(CONTROLLER_ELECT_MASTER.asks, {})).toEqual({})
    expect(GET_TOPIC_CONFIG.asks).not.toBe(UNDESCRIBED)
  })

  it('says which field is missing', () => {
    const { extraInfo, ...rest } = REQUESTS.ACK_MESSAGE.asks
    expect(extraInfo).toBeDefined()
    const fields = Object.fromEntries(Object.keys(rest).map(name => [name, '1']))
    expect(() => readHeader(REQUESTS.ACK_MESSAGE.asks, fields)).toThrow('header field extraInfo is missing')
  })
})
