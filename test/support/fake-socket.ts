/** A socket that does what the test says, for marbles and tables: no file descriptor, no clock of its own. */
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { asapScheduler } from 'rxjs'

export interface FakeSocket {
  readonly socket: Socket
  /** What was done to it, in order. */
  readonly log: string[]
  /** The next write fills the buffer. */
  fill(): void
  /** The buffer is empty again, and takes so many writes until it is full. Default: any number. */
  drain(writes?: number): void
  connect(): void
  data(text: string): void
  /** The other side closes its half. */
  end(): void
  fail(cause: Error): void
  /** Bytes that were written and not flushed. */
  pending(bytes: number): void
}

export const fakeSocket = (note: (what: string) => string = what => what): FakeSocket => {
  const log: string[] = []
  const events = new EventEmitter()
  let room = Infinity
  const state = { connecting: true, destroyed: false, writableLength: 0 }
  const act = (what: string) => log.push(note(what))
  const close = (): void => {
    if (state.destroyed) return
    state.destroyed = true
    asapScheduler.schedule(() => events.emit('close'))
  }
  const socket = Object.assign(events, {
    write: (bytes: Buffer) => {
      act(`write ${bytes.toString()}`)
      return --room > 0
    },
    destroy: () => {
      if (!state.destroyed) act('destroy')
      close()
    },
    destroySoon: () => act('destroy soon'),
  })
  Object.defineProperties(socket, {
    connecting: { get: () => state.connecting },
    destroyed: { get: () => state.destroyed },
    writableLength: { get: () => state.writableLength },
  })
  return {
    socket: socket as unknown as Socket,
    log,
    fill: () => (room = 1),
    drain: (writes = Infinity) => {
      room = writes
      events.emit('drain')
    },
    connect: () => {
      state.connecting = false
      events.emit('connect')
    },
    data: text => events.emit('data', Buffer.from(text)),
    end: () => events.emit('end'),
    fail: cause => {
      events.emit('error', cause)
      close()
    },
    pending: bytes => (state.writableLength = bytes),
  }
}
