import { describe, expect, it } from 'vitest'
import { isRetriableResponse, RESPONSE, responseName } from '../../src/protocol/responses.ts'

describe('response codes', () => {
  it('have one name each', () => {
    const codes = Object.values(RESPONSE)
    expect(new Set(codes).size).toBe(codes.length)
  })

  it('are called by name, and by number when nobody knows them', () => {
    expect(responseName(17)).toBe('TOPIC_NOT_EXIST')
    expect(responseName(-1006)).toBe('RPC_TIME_OUT')
    expect(responseName(99_999)).toBe('99999')
  })

  it('of servers before 5.0 have three names of their own', () => {
    expect([209, 210, 211, 17].map(code => responseName(code, 401))).toEqual([
      'UPDATE_AND_CREATE_ACL_CONFIG_FAILED',
      'DELETE_ACL_CONFIG_FAILED',
      'UPDATE_GLOBAL_WHITE_ADDRS_CONFIG_FAILED',
      'TOPIC_NOT_EXIST',
    ])
    expect([209, 210, 211].map(code => responseName(code, 413))).toEqual([
      'POLLING_FULL',
      'POLLING_TIMEOUT',
      'BROKER_NOT_EXIST',
    ])
  })

  it('that a sender tries again elsewhere are those of the official producer', () => {
    const retriable = Object.values(RESPONSE).filter(isRetriableResponse)
    expect(retriable.sort((a, b) => a - b)).toEqual([1, 2, 14, 16, 17, 204, 205, 1500])
  })
})
