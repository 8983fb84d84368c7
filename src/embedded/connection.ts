import type { Socket } from 'node:net'
import { cutFrames, MAX_WRITE_FRAME_BYTES, NOTHING } from '../protocol/frames/cut-frames.ts'
import { encodeFrame } from '../protocol/frames/frame-codec.ts'
import { type Fields, NO_BODY, onewayFrame, requestFrame } from '../protocol/frames/frame.ts'
import type { Host } from '../protocol/hosts.ts'
import type { Timers } from './timers.ts'

/** What handlers may know of the connection a request came on, and do with it. */
export interface Connection {
  /** The client's address as the server sees it: the born host of its messages. */
  readonly remote: Host
  /** Sends a one-way request of the server's own; lost without a trace on a closed or choked connection. */
  notify(code: number, fields: Fields, body?: Buffer): void
  /** Sends a request of the server's own that has an answer: its number, or nothing where it cannot be sent. */
  ask(code: number, fields: Fields, body: Buffer): number | undefined
  close(): void
}

export interface ServerConnection extends Connection {
  /** Bytes of an answer; ignored once the connection is closed. */
  write(bytes: Buffer): void
  /** Reads nothing more until resumed: the kernel still takes bytes. */
  pause(): void
  resume(): void
  /** Closes once everything written is on its way. */
  end(): void
}

export interface ConnectionOptions {
  readonly timers: Timers
  readonly idleMs: number
  /** One whole frame without its length. Throwing closes the connection. */
  readonly onFrame: (bytes: Buffer, connection: ServerConnection) => void
  readonly onClose: (connection: ServerConnection) => void
}

/** A client that does not read its answers is not read either while this many bytes wait for it. */
const MAX_BACKLOG_BYTES = 4 * 1024 * 1024

export const serveConnection = (socket: Socket, options: ConnectionOptions): ServerConnection => {
  const { timers, idleMs } = options
  let carry = NOTHING
  let frames: readonly Buffer[] = []
  let at = 0
  let paused = false
  let choked = false
  let lastActiveMs = timers.now()
  let lastOpaque = 0

  /** The answers of everything that arrived together leave together: one system call, not one a frame. */
  const work = () => {
    socket.cork()
    try {
      while (at < frames.length && !paused && !socket.destroyed) {
        if (socket.writableLength > MAX_BACKLOG_BYTES) {
          choked = true
          socket.pause()
          break
        }
        const frame = frames[at] as Buffer // in range by the loop's condition
        at += 1
        options.onFrame(frame, connection)
      }
    } finally {
      socket.uncork()
    }
  }

  const carryOn = () => {
    if (paused || choked) return
    workOrClose()
    if (at === frames.length) socket.resume()
  }

  const workOrClose = () => {
    try {
      work()
    } catch {
      socket.destroy()
    }
  }

  const watchIdleness = () => {
    const idleSinceMs = timers.now() - lastActiveMs
    if (idleSinceMs >= idleMs) socket.destroy()
    else idle = timers.after(idleMs - idleSinceMs, watchIdleness)
  }
  let idle = timers.after(idleMs, watchIdleness)

  const connection: ServerConnection = {
    remote: { address: plainAddress(socket.remoteAddress), port: socket.remotePort ?? 0 },
    notify: (code, fields, body = NO_BODY) => {
      if (socket.destroyed || socket.writableLength > MAX_BACKLOG_BYTES) return
      lastOpaque = (lastOpaque + 1) | 0
      connection.write(encodeFrame(onewayFrame(code, { fields, body, opaque: lastOpaque })))
    },
    ask: (code, fields, body) => {
      if (socket.destroyed || socket.writableLength > MAX_BACKLOG_BYTES) return undefined
      lastOpaque = (lastOpaque + 1) | 0
      connection.write(encodeFrame(requestFrame(code, { fields, body, opaque: lastOpaque })))
      return lastOpaque
    },
    write: bytes => {
      if (!socket.writable) return
      lastActiveMs = timers.now()
      socket.write(bytes)
    },
    pause: () => {
      paused = true
      socket.pause()
    },
    resume: () => {
      paused = false
      carryOn()
    },
    end: () => socket.destroySoon(),
    close: () => socket.destroy(),
  }

  socket.on('data', (chunk: Buffer) => {
    lastActiveMs = timers.now()
    try {
      const cut = cutFrames(carry, chunk, MAX_WRITE_FRAME_BYTES)
      carry = cut.carry
      frames = at === frames.length ? cut.frames : [...frames.slice(at), ...cut.frames]
      at = 0
      work()
      // what came before has been taken; nothing behind it can be understood
      if (cut.failure !== undefined) socket.destroy()
    } catch {
      socket.destroy()
    }
  })
  socket.on('drain', () => {
    if (!choked) return
    choked = false
    carryOn()
  })
  // A connection that fails is closed right after; there is nobody to tell.
  socket.on('error', () => undefined)
  socket.once('close', () => {
    idle.cancel()
    options.onClose(connection)
  })
  return connection
}

/** IPv4 addresses of a socket that listens on both families arrive in IPv6 clothes. */
const plainAddress = (address: string | undefined): string => {
  if (address === undefined) return '0.0.0.0'
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : stripZone(address)
}

const stripZone = (address: string): string => {
  const zone = address.indexOf('%')
  return zone < 0 ? address : address.slice(0, zone)
}
