import { createServer, type AddressInfo, type Server as Listener } from 'node:net'
import { decodeFrame, encodeFrame } from '../protocol/frames/frame-codec.ts'
import { type Frame, isOneway, isResponse } from '../protocol/frames/frame.ts'
import { RESPONSE } from '../protocol/responses.ts'
import { failure, type Refusal } from './answers.ts'
import { type Connection, serveConnection, type ServerConnection } from './connection.ts'
import { type FaultPlan, RUBBISH } from './faults.ts'
import type { Timers } from './timers.ts'

/** What a handler gives back: the answer, nothing (some requests have no answer), or word that the answer comes later. */
type Outcome = Frame | undefined | Later
/** Called at once with the function that takes the answer, whenever that is ready. */
type Later = (answer: (frame: Frame) => void) => void

/** Carries out one request. What it throws is answered with SYSTEM_ERROR and the error's message. */
export type Handler<Context> = (context: Context, request: Frame, connection: Connection) => Outcome
/** Request code to handler. A code that is not in it is answered REQUEST_CODE_NOT_SUPPORTED. */
export type HandlerTable<Context> = ReadonlyMap<number, Handler<Context>>

export interface ServerOptions<Context> {
  readonly context: Context
  readonly handlers: HandlerTable<Context>
  readonly faults: FaultPlan
  readonly timers: Timers
  readonly idleMs: number
  /** Why a request is not even looked at. Default: every request is. */
  readonly refuse?: ((request: Frame) => Refusal | undefined) | undefined
  /** A client answers what it was asked. Default: nothing is asked of clients that they would answer. */
  readonly onAnswer?: (answer: Frame, connection: Connection) => void
  /** Called once for every connection that closed while the server runs. */
  readonly onLeave?: (connection: Connection) => void
}

export interface Server {
  pause(): void
  resume(): void
  /** Drops every connection and the port, as a killed process does. */
  kill(): Promise<void>
  /** Takes nothing new, sends off what is written, then closes. */
  end(): Promise<void>
}

/** Resolves once the port is taken; port 0 is any free one. */
export const listen = (host: string, port: number): Promise<{ readonly listener: Listener; readonly port: number }> =>
  new Promise((resolve, reject) => {
    const listener = createServer({ noDelay: true })
    listener.once('error', reject)
    listener.listen({ host, port }, () => {
      listener.off('error', reject)
      resolve({ listener, port: (listener.address() as AddressInfo).port })
    })
  })

/** Serves what connects. To be called in the turn `listen` resolved in, or the first connection is missed. */
export const serve = <Context>(listener: Listener, options: ServerOptions<Context>): Server => {
  const { context, handlers, faults, timers } = options
  const connections = new Set<ServerConnection>()
  let state: 'running' | 'paused' | 'closed' = 'running'

  const onFrame = (bytes: Buffer, connection: ServerConnection) => {
    const request = decodeFrame(bytes)
    if (isResponse(request)) {
      options.onAnswer?.(request, connection)
      return
    }
    if (faults.closes(request.code)) {
      connection.close()
      return
    }
    const answer = (frame: Frame) => {
      if (!isOneway(request)) reply(request.code, frame, connection)
    }
    const outcome = carryOut(request, connection)
    if (typeof outcome === 'function') outcome(answer)
    else if (outcome !== undefined) answer(outcome)
  }

  const carryOut = (request: Frame, connection: ServerConnection): Outcome => {
    const refusal = faults.refusal(request.code)
    if (refusal !== undefined) return failure(request, refusal, `request code ${request.code} is refused by a fault`)
    const refused = options.refuse?.(request)
    if (refused !== undefined) return failure(request, refused.code, refused.remark)
    const handle = handlers.get(request.code)
    if (handle === undefined) {
      return failure(request, RESPONSE.REQUEST_CODE_NOT_SUPPORTED, `request code ${request.code} is not supported`)
    }
    try {
      return handle(context, request, connection)
    } catch (cause) {
      return failure(request, RESPONSE.SYSTEM_ERROR, cause instanceof Error ? cause.message : String(cause))
    }
  }

  const reply = (code: number, frame: Frame, connection: ServerConnection) => {
    if (faults.drops(code)) return
    const bytes = faults.garbles(code) ? RUBBISH : encodeFrame(frame)
    const delayMs = faults.delay(code)
    if (delayMs === undefined) connection.write(bytes)
    else timers.after(delayMs, () => connection.write(bytes))
  }

  // A connection that cannot be accepted (no file descriptors left) must not end the process.
  listener.on('error', () => undefined)
  listener.on('connection', socket => {
    const connection = serveConnection(socket, {
      timers,
      idleMs: options.idleMs,
      onFrame,
      onClose: gone => {
        connections.delete(gone)
        if (state !== 'closed') options.onLeave?.(gone)
      },
    })
    connections.add(connection)
    if (state === 'paused') connection.pause()
  })

  const close = (hangUp: (connection: ServerConnection) => void): Promise<void> => {
    state = 'closed'
    return new Promise(resolve => {
      listener.close(() => resolve())
      for (const connection of connections) hangUp(connection)
    })
  }

  return {
    pause: () => {
      state = 'paused'
      for (const connection of connections) connection.pause()
    },
    resume: () => {
      state = 'running'
      for (const connection of connections) connection.resume()
    },
    kill: () => close(connection => connection.close()),
    end: () => close(connection => connection.end()),
  }
}
