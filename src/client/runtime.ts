import { networkInterfaces } from 'node:os'
import { asapScheduler } from 'rxjs'
import type { SchedulerLike } from 'rxjs'
import { createUniqueIds } from '../protocol/messages/message-id.ts'
import { createTransport } from '../remoting/connection.ts'
import type { Transport } from '../remoting/connection.ts'
import { tcp } from '../transport/dial.ts'
import { backgroundScheduler } from './background-scheduler.ts'
import type { ConnectionOptions } from './connection-options.ts'

/** Time, chance and wire, injected: with a TestScheduler and a fake transport every timer can be drawn as a marble. */
export interface Runtime {
  /** Every timer, and the clock: `scheduler.now()`. Default: asyncScheduler, without keeping the process alive. */
  readonly scheduler: SchedulerLike
  /** The hop that keeps operations from notifying inside `subscribe`. Default asapScheduler. */
  readonly asap: SchedulerLike
  /** Where connections come from. Default: TCP. */
  readonly transport: Transport
  /** 0 ≤ random() < 1. Default Math.random. */
  readonly random: () => number
  /** The unique id of a new message. Default: made of address, process id, time and a counter, as Java's client does. */
  readonly newMessageId: () => string
}

export const resolveRuntime = (
  given: Partial<Runtime> = {},
  connectTimeoutMs: number,
  { keepAliveMs, writeBufferBytes, maxWaitingBytes, maxFrameBytes }: ConnectionOptions,
): Runtime => {
  const { scheduler = backgroundScheduler, asap = asapScheduler, random = Math.random } = given
  const dial = tcp({ keepAliveMs, writeBufferBytes })
  const {
    transport = createTransport({ dial, scheduler, connectTimeoutMs, maxWaitingBytes, maxFrameBytes }),
    newMessageId = createUniqueIds({
      ip: localAddress(),
      pid: process.pid,
      random32: Math.floor(random() * 2 ** 32) | 0,
      now: () => scheduler.now(),
    }),
  } = given
  return { scheduler, asap, transport, random, newMessageId }
}

/** The first address by which others may know this machine, else loopback. */
export const localAddress = (): string => {
  const addresses = Object.values(networkInterfaces())
    .flatMap(list => list ?? [])
    .filter(({ internal }) => !internal)
  const found = addresses.find(({ family }) => family === 'IPv4') ?? addresses[0]
  return found?.address ?? '127.0.0.1'
}

/** `ip@pid#random`: unique also among containers, where every process has pid 1. */
export const newClientId = (random: () => number): string =>
  `${localAddress()}@${process.pid}#${Math.floor(random() * 2 ** 48).toString(36)}`
