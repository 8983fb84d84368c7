import { connect } from 'node:net'
import { cutFrames, NOTHING } from '../../src/protocol/frames/cut-frames.ts'
import { decodeFrame, encodeFrame } from '../../src/protocol/frames/frame-codec.ts'
import {
  type Fields,
  type Frame,
  isResponse,
  NO_BODY,
  onewayFrame,
  requestFrame,
  responseFrame,
} from '../../src/protocol/frames/frame.ts'

/** One raw connection to a server: asks, listens, and knows when it was hung up on. */
export interface Asker {
  ask(code: number, fields?: Fields, body?: Buffer | string): Promise<Frame>
  /** One-way: no answer is waited for. */
  tell(code: number, fields?: Fields, body?: Buffer | string): void
  write(bytes: Buffer): void
  pauseReading(): void
  resumeReading(): void
  /** Answers a request of the server. */
  answer(request: Frame, code: number, body?: Buffer): void
  /** Requests the server sent by itself. */
  readonly pushed: readonly Frame[]
  /** How many answers came to no question. */
  unasked(): number
  readonly closed: Promise<void>
  /** Resolves when bytes arrive that are no frame. */
  readonly broken: Promise<void>
  close(): void
}

const ANSWER_WITHIN_MS = 4_000

export const openAsker = (address: string): Promise<Asker> => {
  const colon = address.lastIndexOf(':')
  const socket = connect({
    host: address.slice(0, colon).replace(/[[\]]/g, ''),
    port: Number(address.slice(colon + 1)),
  })
  const waiting = new Map<number, (frame: Frame) => void>()
  const pushed: Frame[] = []
  let carry = NOTHING
  let opaque = 0
  let unasked = 0
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()))
  socket.on('error', () => undefined)

  const take = (frame: Frame): void => {
    const answered = waiting.get(frame.opaque)
    if (!isResponse(frame)) pushed.push(frame)
    else if (answered === undefined) unasked += 1
    else answered(frame)
  }
  const broken = new Promise<void>(resolve => {
    socket.on('data', (chunk: Buffer) => {
      try {
        const cut = cutFrames(carry, chunk)
        carry = cut.carry
        cut.frames.map(decodeFrame).forEach(take)
        if (cut.failure !== undefined) resolve()
      } catch {
        resolve()
      }
    })
  })

  const asker: Asker = {
    ask: (code, fields = {}, body = '') =>
      new Promise((resolve, reject) => {
        opaque += 1
        const mine = opaque
        const late = setTimeout(() => reject(new Error(`no answer to request ${code}`)), ANSWER_WITHIN_MS)
        waiting.set(mine, frame => {
          clearTimeout(late)
          waiting.delete(mine)
          resolve(frame)
        })
        socket.write(encodeFrame(requestFrame(code, { fields, body: Buffer.from(body), opaque: mine })))
      }),
    tell: (code, fields = {}, body = '') =>
      void socket.write(encodeFrame(onewayFrame(code, { fields, body: Buffer.from(body), opaque: 77_777 }))),
    answer: (request, code, body = NO_BODY) => void socket.write(encodeFrame(responseFrame(request, code, { body }))),
    write: bytes => void socket.write(bytes),
    pauseReading: () => void socket.pause(),
    resumeReading: () => void socket.resume(),
    pushed,
    unasked: () => unasked,
    closed,
    broken,
    close: () => socket.destroy(),
  }
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(asker))
    socket.once('error', reject)
  })
}
