import Long from 'long'
import { describe, expect, it } from 'vitest'
import type { SendStatus, Stored } from '../../src/broker/sending.ts'
import type { Outgoing } from '../../src/producer/outgoing.ts'
import { checkRequirement, toSendResult, type Requirement } from '../../src/producer/send-result.ts'

const outgoing = { topic: 't', messageId: 'the id', bornTimestamp: 1_000, body: Buffer.from('secret') } as Outgoing
const stored = (status: SendStatus): Stored => ({
  status,
  offsetMessageId: 'AC10',
  queueId: 3,
  queueOffset: Long.fromString('9007199254740993'),
  transactionId: undefined,
  recallHandle: undefined,
  regionId: 'region',
  traceOn: true,
})
const attempt = { endpoint: 'b:1', code: 'ERR_RMQ_CONNECT', sent: 'no', elapsedMs: 1 } as const
const resultOf = (status: SendStatus) => toSendResult(outgoing, 'a', stored(status), [attempt], 5)

describe('the result of a send', () => {
  it('tells under which ids and where the message is stored', () => {
    expect(resultOf('ok')).toMatchObject({
      status: 'ok',
      messageId: 'the id',
      offsetMessageId: 'AC10',
      queue: { topic: 't', brokerName: 'a', queueId: 3 },
      sentAt: new Date(1_000),
      attempts: 2,
      failedAttempts: [attempt],
      elapsedMs: 5,
      regionId: 'region',
    })
  })

  it('becomes plain JSON with its offset as text, all digits kept, and nothing of the body', () => {
    const json = JSON.stringify(resultOf('ok'))
    expect(JSON.parse(json)).toMatchObject({ queueOffset: '9007199254740993', messageId: 'the id' })
    expect(json).not.toContain('secret')
  })
})

describe('what the sender requires', () => {
  it.each<[Requirement, SendStatus, boolean]>([
    ['stored', 'ok', true],
    ['stored', 'flush-disk-timeout', true],
    ['stored', 'flush-slave-timeout', true],
    ['stored', 'slave-not-available', true],
    ['flushed', 'ok', true],
    ['flushed', 'flush-disk-timeout', false],
    ['flushed', 'flush-slave-timeout', true],
    ['flushed', 'slave-not-available', true],
    ['replicated', 'ok', true],
    ['replicated', 'flush-disk-timeout', false],
    ['replicated', 'flush-slave-timeout', false],
    ['replicated', 'slave-not-available', false],
  ])('%s is met by %s: %s', (require, status, met) => {
    const check = () => checkRequirement(resultOf(status), require)
    if (met) expect(check).not.toThrow()
    else
      expect(check).toThrow(
        expect.objectContaining({
          code: 'ERR_RMQ_BROKER',
          sent: 'maybe',
          queue: 't@a:3',
          offset: '9007199254740993',
          retriable: false,
        }),
      )
  })
})
