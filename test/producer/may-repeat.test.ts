import { describe, expect, it } from 'vitest'
import {
  connectionLost,
  illegal,
  notConnected,
  overflow,
  protocolError,
  requestTimeout,
  RocketError,
} from '../../src/errors.ts'
import { mayRepeat } from '../../src/producer/attempts.ts'
import { RESPONSE } from '../../src/protocol/responses.ts'

const answered = (responseCode: number, remark = '') =>
  new RocketError('ERR_RMQ_BROKER', 'refused', { responseCode, remark, retriable: true })

describe('whether a failed send may be repeated', () => {
  it.each([
    ['no connection', notConnected('a:1'), true, true],
    ['a connection lost before the bytes left', connectionLost('a:1', 'no'), true, true],
    ['a connection lost after that', connectionLost('a:1', 'maybe'), true, false],
    ['no answer in time, unsent', requestTimeout('a:1', 1, 1, 'no'), true, true],
    ['no answer in time, perhaps stored', requestTimeout('a:1', 1, 1, 'maybe'), true, false],
    ['too many requests on the way', overflow('the table', 1), true, true],
    ['a broken protocol', protocolError('rubbish'), false, false],
    ['a bad call', illegal('no'), false, false],
    ['SYSTEM_ERROR', answered(RESPONSE.SYSTEM_ERROR), true, true],
    ['SYSTEM_BUSY', answered(RESPONSE.SYSTEM_BUSY), true, true],
    ['SERVICE_NOT_AVAILABLE', answered(RESPONSE.SERVICE_NOT_AVAILABLE), true, true],
    ['NO_PERMISSION of this broker', answered(RESPONSE.NO_PERMISSION, 'the broker[a] is read-only'), true, true],
    ['TOPIC_NOT_EXIST', answered(RESPONSE.TOPIC_NOT_EXIST), true, true],
    ['GO_AWAY', answered(RESPONSE.GO_AWAY), true, true],
    ['MESSAGE_ILLEGAL', answered(RESPONSE.MESSAGE_ILLEGAL), false, false],
    ['FLOW_CONTROL', answered(RESPONSE.FLOW_CONTROL), false, false],
    ['a wrong signature', answered(RESPONSE.SYSTEM_ERROR, 'AclException: check signature failed'), false, false],
    ['an unknown access key', answered(RESPONSE.NO_PERMISSION, 'No accessKey is configured'), false, false],
  ])('after %s', (_, error, java, safe) => {
    expect([mayRepeat(error, 'java'), mayRepeat(error, 'safe')]).toEqual([java, safe])
  })
})
