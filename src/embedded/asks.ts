import type { Fields, Frame } from '../protocol/frames/frame.ts'
import type { Connection } from './connection.ts'
import type { Alarm, Timers } from './timers.ts'

/** What a server asks a client. */
interface Question {
  readonly code: number
  readonly fields: Fields
  readonly body: Buffer
}

/** Questions of the server's own to its clients, until they are answered. */
export interface Asks {
  /** Calls `told` once: with the answer, or with nothing when there is none in time or the client is gone. */
  ask(connection: Connection, question: Question, timeoutMs: number, told: (answer: Frame | undefined) => void): void
  answered(answer: Frame, connection: Connection): void
  /** A connection is gone: what it was asked will not be answered. */
  drop(connection: Connection): void
  /** The server is gone, and with it whoever waits. */
  clear(): void
}

interface Open {
  readonly told: (answer: Frame | undefined) => void
  readonly late: Alarm
}

export const createAsks = (timers: Timers): Asks => {
  const open = new Map<Connection, Map<number, Open>>()

  const end = (connection: Connection, opaque: number, answer: Frame | undefined): void => {
    const asked = open.get(connection)
    const one = asked?.get(opaque)
    if (asked === undefined || one === undefined) return
    asked.delete(opaque)
    if (asked.size === 0) open.delete(connection)
    one.late.cancel()
    one.told(answer)
  }

  return {
    ask: (connection, { code, fields, body }, timeoutMs, told) => {
      const opaque = connection.ask(code, fields, body)
      if (opaque === undefined) return told(undefined)
      const asked = open.get(connection) ?? new Map<number, Open>()
      open.set(connection, asked)
      asked.set(opaque, { told, late: timers.after(timeoutMs, () => end(connection, opaque, undefined)) })
    },
    answered: (answer, connection) => end(connection, answer.opaque, answer),
    drop: connection => {
      for (const opaque of [...(open.get(connection)?.keys() ?? [])]) end(connection, opaque, undefined)
    },
    clear: () => {
      for (const { late } of [...open.values()].flatMap(asked => [...asked.values()])) late.cancel()
      open.clear()
    },
  }
}
