import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { cutFrames, NOTHING } from '../../src/protocol/frames/cut-frames.ts'
import { decodeFrame, encodeFrame } from '../../src/protocol/frames/frame-codec.ts'
import { startRawServer } from '../support/raw-server.ts'
import type { RawServer } from '../support/raw-server.ts'

/** A whole frame that a client sent, with its length prefix. */
type Recorder = (frame: Buffer) => void

export interface RecordingProxies {
  /** What the client must be told instead of the cluster's own name server. */
  readonly nameServer: string
  stop(): Promise<void>
}

/**
 * Stands between a client and a cluster of one broker and writes down every frame that the client sends to the broker, byte
 * by byte. The name server's answers are the only thing that is changed: they tell the proxy's address as the broker's.
 */
export const startRecordingProxies = async (
  cluster: { readonly nameServers: readonly string[]; readonly brokers: readonly string[] },
  record: Recorder,
): Promise<RecordingProxies> => {
  const [nameServer = '', broker = ''] = [cluster.nameServers[0], cluster.brokers[0]]
  const brokerProxy = await startBrokerProxy(broker, record)
  const nameServerProxy = await startNameServerProxy(nameServer, broker, brokerProxy.address)
  return {
    nameServer: nameServerProxy.address,
    stop: async () => {
      await nameServerProxy.stop()
      await brokerProxy.stop()
    },
  }
}

const startBrokerProxy = (target: string, record: Recorder): Promise<RawServer> =>
  startRawServer(client => {
    const server = connectTo(target)
    const frames = framesOf(record)
    client.on('data', (chunk: Buffer) => {
      frames(chunk)
      server.write(chunk)
    })
    server.on('data', chunk => client.write(chunk))
    tie(client, server)
  })

const startNameServerProxy = (target: string, broker: string, instead: string): Promise<RawServer> =>
  startRawServer(client => {
    const server = connectTo(target)
    const frames = framesOf(bytes => {
      const frame = decodeFrame(bytes.subarray(4))
      const body = Buffer.from(frame.body.toString().replaceAll(broker, instead))
      client.write(encodeFrame({ ...frame, body }))
    })
    client.on('data', chunk => server.write(chunk))
    server.on('data', frames)
    tie(client, server)
  })

const framesOf = (each: Recorder): ((chunk: Buffer) => void) => {
  let carry = NOTHING
  return chunk => {
    const cut = cutFrames(carry, chunk)
    if (cut.failure !== undefined) throw cut.failure
    carry = cut.carry
    for (const bytes of cut.frames) {
      const prefix = Buffer.alloc(4)
      prefix.writeInt32BE(bytes.length)
      each(Buffer.concat([prefix, bytes]))
    }
  }
}

const connectTo = (address: string) => {
  const [host, port] = address.split(':') as [string, string]
  return connect(Number(port), host)
}

const tie = (client: Socket, server: Socket): void => {
  server.on('error', () => client.destroy())
  server.on('close', () => client.destroy())
  client.on('close', () => server.destroy())
}
