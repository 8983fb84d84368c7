import { describe, expect, it } from 'vitest'
import { QueueDelivery } from '../../src/consumer/queues/delivery.ts'
import type { Settler } from '../../src/consumer/queues/delivery.ts'
import { decodeFailed } from '../../src/errors.ts'
import { aQueue, aStored } from '../support/builders.ts'

describe('a delivery', () => {
  it.each([
    ['good', undefined],
    ['unreadable', decodeFailed('no such luck')],
  ])('is decoded once, however often it is looked at: %s', (_, failure) => {
    let reads = 0
    const inbound = {}
    const read = () => {
      reads++
      if (failure !== undefined) throw failure
      return inbound
    }
    const delivery = new QueueDelivery(aStored(), 't', { queue: aQueue(), read } as unknown as Settler)
    for (let looks = 0; looks < 3; looks++) {
      expect(delivery.decodeError).toBe(failure)
      if (failure === undefined) expect(delivery.message).toBe(inbound)
      else expect(() => delivery.message).toThrow(failure)
    }
    expect(reads).toBe(1)
  })

  it('shows its bytes as they are stored, and where it stands, without being decoded', () => {
    const read = () => expect.unreachable('nobody reads the message')
    const queue = aQueue()
    const delivery = new QueueDelivery(aStored({ offset: 7, body: 'as it is' }), 't', {
      queue,
      read,
    } as unknown as Settler)
    const { topic, body, queueOffset } = delivery.raw
    expect([topic, Buffer.from(body).toString(), queueOffset.toNumber(), delivery.raw.queue]).toEqual([
      't',
      'as it is',
      7,
      queue,
    ])
  })
})
