import type { EventEmitter } from 'node:events'
import { firstValueFrom, from, type Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { decodeFrame, encodeFrame } from '../../src/protocol/frames/frame-codec.ts'
import { requestFrame } from '../../src/protocol/frames/frame.ts'
import { createTransport, toFrames, type Connection } from '../../src/remoting/connection.ts'
import { fakeSocket } from '../support/fake-socket.ts'

/** A connection over a fake socket. */
const connect = async (maxFrameBytes?: number) => {
  const peer = fakeSocket()
  const transport = createTransport({
    dial: () => peer.socket,
    ...(maxFrameBytes === undefined ? {} : { maxFrameBytes }),
  })
  const connection$: Observable<Connection> = transport.connect$('a:1')
  const connected = new Promise<Connection>((resolve, reject) =>
    connection$.subscribe({ next: resolve, error: reject }),
  )
  peer.connect()
  return { connection: await connected, peer }
}

describe('a connection', () => {
  it('writes a frame with its length in front, and counts it', async () => {
    const { connection, peer } = await connect()
    const written: Buffer[] = []
    const socket = peer.socket as unknown as EventEmitter & { write: (bytes: Buffer) => boolean }
    socket.write = bytes => {
      written.push(bytes)
      return true
    }
    const frame = requestFrame(34, { opaque: 7, body: Buffer.from('body') })
    await firstValueFrom(connection.write$(frame))
    expect(written[0]?.readInt32BE(0)).toBe(written[0]!.length - 4)
    expect(decodeFrame(written[0]!.subarray(4))).toMatchObject({ code: 34, opaque: 7 })
    expect(connection.counters()).toEqual({ framesIn: 0, framesOut: 1, bytesIn: 0, bytesOut: written[0]!.length })
  })

  it('fails the write of a frame that is too large, writes nothing of it, and goes on', async () => {
    const { connection, peer } = await connect()
    const tooLarge = requestFrame(34, { body: Buffer.alloc(17 << 20) })
    const failure = await firstValueFrom(connection.write$(tooLarge)).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'ERR_RMQ_TOO_LARGE', sent: 'no' })
    expect([peer.log, connection.counters().framesOut]).toEqual([[], 0])
    await firstValueFrom(connection.write$(requestFrame(34)))
    expect(connection.counters().framesOut).toBe(1)
  })

  it('refuses to read a frame beyond its limit', async () => {
    const { connection, peer } = await connect(1_000)
    const read = firstValueFrom(connection.frames$).catch((error: unknown) => error)
    const announced = Buffer.alloc(4)
    announced.writeInt32BE(2_000)
    peer.data(announced.toString('latin1'))
    expect(await read).toMatchObject({ code: 'ERR_RMQ_PROTOCOL' })
  })
})

describe('frames', () => {
  it('are the same however the stream of bytes is cut', () => {
    const remarks = fc.array(fc.string({ maxLength: 40 }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(remarks, fc.array(fc.nat(2_000), { maxLength: 20 }), (texts, cuts) => {
        const bytes = Buffer.concat(texts.map(text => encodeFrame(requestFrame(1, { body: Buffer.from(text) }))))
        const places = [0, ...cuts.map(cut => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
        const chunks = places.slice(1).map((end, i) => bytes.subarray(places[i], end))
        const seen: string[] = []
        from(chunks)
          .pipe(toFrames(1 << 20))
          .subscribe(frame => seen.push(frame.body.toString()))
        expect(seen).toEqual(texts)
      }),
    )
  })
})
