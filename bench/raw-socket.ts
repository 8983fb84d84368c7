import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import Long from 'long'
import { cutFrames, NOTHING } from '../src/protocol/frames/cut-frames.ts'
import { writeHeader } from '../src/protocol/requests/fields.ts'
import { decodeFrame, encodeFrame } from '../src/protocol/frames/frame-codec.ts'
import { requestFrame } from '../src/protocol/frames/frame.ts'
import { REQUESTS } from '../src/protocol/requests/requests.ts'
import type { Load } from './load.ts'

/** A socket to a broker without a client in between: the floor that clients are compared with. */
export const dial = async (address: string): Promise<Socket> => {
  const port = Number(address.slice(address.lastIndexOf(':') + 1))
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  await once(socket, 'connect')
  return socket
}

/**
 * Sends frames that were encoded beforehand, so many on the way; answers are counted, not read: what a client reaches whose
 * own work costs nothing. `each`: a write for every frame. `burst`: one write for all that became due with one chunk of
 * answers, which spares both sides system calls.
 */
export const rawSends = async (
  socket: Socket,
  load: Load,
  count: number,
  inFlight: number,
  writing: 'each' | 'burst' = 'burst',
): Promise<void> => {
  const frames = Array.from({ length: inFlight }, (_, i) => sendFrame(load, i % load.queues))
  const frameBytes = frames[0]?.length ?? 0
  const burst = Buffer.concat([...frames, ...frames]) // any stretch of it up to inFlight frames is a burst
  const answers = countFrames()
  let sent = 0
  let answered = 0
  const write = (due: number): void => {
    if (writing === 'each') {
      for (let i = 0; i < due; i++) socket.write(frames[sent++ % inFlight] ?? burst)
      return
    }
    const from = (sent % inFlight) * frameBytes
    sent += due
    socket.write(burst.subarray(from, from + due * frameBytes))
  }
  await new Promise<void>((resolve, reject) => {
    const onData = (chunk: Buffer): void => {
      if (answered === 0 && !chunk.includes('"code":0')) reject(new Error(`refused: ${chunk.toString('utf8', 8, 500)}`))
      const now = answers(chunk)
      answered += now
      if (sent < count) write(Math.min(now, count - sent))
      if (answered < count) return
      socket.off('data', onData)
      resolve()
    }
    socket.on('data', onData)
    write(Math.min(inFlight, count))
  })
}

/** A send that was encoded beforehand. */
export const sendFrame = ({ topic, body }: Load, queueId: number): Buffer =>
  encodeFrame(
    requestFrame(REQUESTS.SEND_MESSAGE_V2.code, {
      fields: writeHeader(REQUESTS.SEND_MESSAGE_V2.asks, {
        producerGroup: 'bench',
        topic,
        defaultTopic: 'TBW102',
        defaultTopicQueueNums: 4,
        queueId,
        sysFlag: 0,
        bornTimestamp: Long.fromNumber(Date.now()),
        flag: 0,
        properties: 'UNIQ_KEY\u00017F000001000100000000000000000000\u0002WAIT\u0001true',
        reconsumeTimes: 0,
        unitMode: false,
        batch: false,
        bname: 'broker-a',
      }),
      body,
    }),
  )

/** How many frames end in a chunk; remembers the one that is cut. */
export const countFrames = (): ((chunk: Buffer) => number) => {
  let rest: Buffer = Buffer.alloc(0)
  return chunk => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let at = 0
    let frames = 0
    while (at + 4 <= bytes.length) {
      const end = at + 4 + bytes.readInt32BE(at)
      if (end > bytes.length) break
      at = end
      frames++
    }
    rest = bytes.subarray(at)
    return frames
  }
}

/** Pulls all queues from their beginning, one pull on the way in each, and walks the lengths of what comes. */
export const rawPulls = async (
  socket: Socket,
  load: Pick<Load, 'topic' | 'queues'>,
  group: string,
  count: number,
): Promise<void> => {
  const offsets = Array.from({ length: load.queues }, () => 0)
  const asked = new Map<number, number>() // opaque ⇒ queue
  let opaque = 0
  let carry = NOTHING
  let received = 0
  const pull = (queueId: number): Buffer => {
    asked.set(++opaque, queueId)
    return pullFrame(load.topic, group, queueId, offsets[queueId] ?? 0, opaque)
  }
  await new Promise<void>((resolve, reject) => {
    const onData = (chunk: Buffer): void => {
      const cut = cutFrames(carry, chunk)
      carry = cut.carry
      const next: Buffer[] = []
      for (const bytes of cut.frames) {
        const { code, opaque, fields, remark, body } = decodeFrame(bytes)
        const queueId = asked.get(opaque) ?? 0
        asked.delete(opaque)
        if (code === 19) continue // this queue is at its end
        if (code !== 0) return reject(new Error(`a pull was refused: ${code} ${remark ?? ''}`))
        offsets[queueId] = Number(fields['nextBeginOffset'])
        for (let at = 0; at < body.length; at += body.readInt32BE(at)) received++
        next.push(pull(queueId))
      }
      if (next.length > 0) socket.write(Buffer.concat(next))
      if (received < count) return
      socket.off('data', onData)
      resolve()
    }
    socket.on('data', onData)
    socket.write(Buffer.concat(offsets.map((_, queueId) => pull(queueId))))
  })
}

const WITH_SUBSCRIPTION = 4 // neither held by the broker nor committing

const pullFrame = (topic: string, consumerGroup: string, queueId: number, offset: number, opaque: number): Buffer =>
  encodeFrame(
    requestFrame(REQUESTS.PULL_MESSAGE.code, {
      opaque,
      fields: writeHeader(REQUESTS.PULL_MESSAGE.asks, {
        consumerGroup,
        topic,
        queueId,
        queueOffset: Long.fromNumber(offset),
        maxMsgNums: 32,
        sysFlag: WITH_SUBSCRIPTION,
        commitOffset: Long.ZERO,
        suspendTimeoutMillis: Long.ZERO,
        subscription: '*',
        subVersion: Long.ZERO,
        expressionType: 'TAG',
      }),
    }),
  )
