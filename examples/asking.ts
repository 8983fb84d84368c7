import { connect } from 'node:net'
import { cutFrames, decodeFrame, encodeFrame, NOTHING } from 'rocketmq-rxjs/protocol'
import type { Frame } from 'rocketmq-rxjs/protocol'

/** A socket of one's own to `host:port`: one question at a time, and its answer. */
export const openSocket = (address: string) => {
  const [host = '', port = ''] = address.split(':')
  const socket = connect({ host, port: Number(port) })
  /** What TCP cuts in pieces, `cutFrames` puts together: `carry` is what came of the next frame. */
  const ask = async (request: Frame): Promise<Frame> => {
    socket.write(encodeFrame(request))
    let carry = NOTHING
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      const cut = cutFrames(carry, chunk as Buffer)
      if (cut.failure !== undefined) throw cut.failure
      carry = cut.carry
      const answer = cut.frames.map(decodeFrame).find(({ opaque }) => opaque === request.opaque)
      if (answer !== undefined) return answer
    }
    throw new Error(`${address} hung up`)
  }
  return { ask, [Symbol.dispose]: () => void socket.destroy() }
}

/** The first name server of a config. */
export const firstOf = (nameServers: unknown): string => {
  const [first = ''] = [nameServers].flat().flatMap(text => (typeof text === 'string' ? text.split(';') : []))
  return first
}
