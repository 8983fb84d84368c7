import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { cutFrames, NOTHING } from '../../src/protocol/frames/cut-frames.ts'
import { decodeFrame, encodeFrame } from '../../src/protocol/frames/frame-codec.ts'
import { responseFrame } from '../../src/protocol/frames/frame.ts'
import type { Frame } from '../../src/protocol/frames/frame.ts'

/** A server that talks as a test wants. */
export interface RawServer {
  readonly address: string
  /** How many connections were made to it. */
  connections(): number
  stop(): Promise<void>
}

/** Answers each connection by whatever a function does with the socket. */
export const startRawServer = (onConnection: (socket: Socket) => void): Promise<RawServer> =>
  new Promise((resolve, reject) => {
    const sockets = new Set<Socket>()
    let connections = 0
    const server = createServer(socket => {
      connections++
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
      onConnection(socket)
    })
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      resolve({
        address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
        connections: () => connections,
        stop: () =>
          new Promise(stopped => {
            server.close(() => stopped())
            for (const socket of sockets) socket.destroy()
          }),
      })
    })
  })

/** Reads every request and writes the frame that a function makes of it. */
const answering = (answer: (request: Frame) => Frame) => (socket: Socket) => {
  let carry = NOTHING
  socket.on('data', (chunk: Buffer) => {
    const cut = cutFrames(carry, chunk)
    if (cut.failure !== undefined) throw cut.failure
    carry = cut.carry
    for (const bytes of cut.frames) socket.write(encodeFrame(answer(decodeFrame(bytes))))
  })
}

/** Ways of not being a RocketMQ server. */
export const RUDE = {
  'closes at once': (socket: Socket) => void socket.destroy(),
  'closes when asked': (socket: Socket) => void socket.once('data', () => socket.destroy()),
  'answers bytes that are no frame': (socket: Socket) =>
    void socket.once('data', () => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')),
  'answers a frame whose header is no JSON': (socket: Socket) =>
    void socket.once('data', () => socket.write(Buffer.from('\0\0\0\x0a\0\0\0\x06{nope}'))),
  'never answers': (socket: Socket) => void socket.resume(),
  'answers success with a body of rubbish': answering(request =>
    responseFrame(request, 0, { body: Buffer.from('{"rubbish') }),
  ),
  'answers success with the wrong kind of body': answering(request =>
    responseFrame(request, 0, { body: Buffer.from('[1, 2]') }),
  ),
  'answers success without a body': answering(request => responseFrame(request, 0, {})),
  'answers an error': answering(request => responseFrame(request, 1, { remark: 'out of order today' })),
} as const
