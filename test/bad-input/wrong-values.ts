import { expect } from 'vitest'
import { createClient, message, topic } from '../../src/index.ts'
import type { RocketError } from '../../src/index.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { fakeCluster } from '../support/fake-cluster.ts'
import { fakeTransport } from '../support/fake-transport.ts'

/** Option ⇒ values that it cannot have. Every option stands here; one that takes anything has no values. */
export type Wrong<O> = Readonly<Record<keyof O, readonly unknown[]>>

export const NO_NUMBER = [-1, 0.5, NaN, Infinity, '5', null, {}, true]
export const NO_OBJECT = [null, 5, 'text', true]
export const NO_FUNCTION = [null, 5, 'text', {}]

export const GOOD = message(topic('t'), Buffer.from('good'))

/** Refused by its name, before anything was sent. */
export const expectRefused = (error: RocketError, name: string | RegExp, value: unknown): void => {
  expect([value, error.code, error.sent, error.retriable]).toEqual([value, 'ERR_RMQ_ILLEGAL', 'no', false])
  expect(error.message).toMatch(typeof name === 'string' ? new RegExp(name, 'i') : name)
}

/** A client of a cluster that is a script, and what reached it. */
export const scripted = () => {
  const transport = fakeTransport(fakeCluster({ brokers: { a: 'a:1' }, queues: 4 }))
  const client = createClient({ nameServers: 'n:1', logger: false, runtime: { transport, random: () => 0 } })
  const codes = [REQUESTS.SEND_MESSAGE_V2, REQUESTS.SEND_BATCH_MESSAGE, REQUESTS.SEND_REPLY_MESSAGE_V2]
  return {
    client,
    /** How many messages and batches of them were written. */
    written: () => codes.reduce((sum, { code }) => sum + transport.sent(code).length, 0),
  }
}

/** Another send of the same client goes through, and it is the only one that does. */
export const othersGoOn = async ({ client, written }: ReturnType<typeof scripted>, send: () => Promise<unknown>) => {
  const before = written()
  await send()
  expect(written()).toBe(before + 1)
  expect(client.producer().stats().inFlight).toBe(0)
}
