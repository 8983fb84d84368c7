import type { Socket } from 'node:net'
import { createHistogram } from 'node:perf_hooks'
import type { RecordableHistogram } from 'node:perf_hooks'
import { createClient, message, topic } from '../src/index.ts'
import { createTransport } from '../src/remoting/connection.ts'
import { tcp } from '../src/transport/dial.ts'
import type { Running } from './bench.ts'
import { createLoad, nameOf } from './load.ts'
import type { Target } from './load.ts'
import { countFrames, sendFrame } from './raw-socket.ts'

export interface LatencyFinding {
  readonly title: string
  readonly rows: readonly LatencyRow[]
}

interface LatencyRow {
  readonly name: string
  readonly p50Us: number
  readonly p99Us: number
}

const WARM_UP = 2_000

/** One send at a time against a raw request with the same bytes, on one socket, taking turns. */
export const latency = async (target: Target, count: number, { tell }: Running): Promise<LatencyFinding> => {
  const load = await createLoad(target)
  const sockets: Socket[] = []
  const dial = tcp()
  const transport = createTransport({
    dial: endpoint => {
      const socket = dial(endpoint)
      if (target.broker.endsWith(`:${endpoint.port}`)) sockets.push(socket)
      return socket
    },
  })
  await using client = createClient({ nameServers: target.nameServer, logger: false, runtime: { transport } })
  const producer = client.producer()
  const ours = message(topic(load.topic), load.body)
  await producer.send(ours) // now there is a socket
  const [socket] = sockets
  if (socket === undefined) throw new Error('no connection to the broker was dialed')
  socket.ref() // the client holds the process only while it waits itself
  const raw = sendFrame(load, 0)
  const histograms = { raw: createHistogram(), send$: createHistogram() }
  for (let i = 0; i < WARM_UP + count; i++) {
    if (i === WARM_UP) Object.values(histograms).forEach(histogram => histogram.reset())
    if (i % 1_000 === 0) tell(`${i} of ${WARM_UP + count} sends, one at a time`)
    await took(histograms.raw, () => request(socket, raw))
    await took(histograms.send$, () => producer.send(ours))
  }
  return {
    title: `latency of one send at a time, ${load.body.length} B, ${nameOf(target)}`,
    rows: [row('raw request', histograms.raw), row('send$', histograms.send$)],
  }
}

const took = async (histogram: RecordableHistogram, work: () => Promise<unknown>): Promise<void> => {
  const start = process.hrtime.bigint()
  await work()
  histogram.record(process.hrtime.bigint() - start)
}

/** The client reads the same answer, and does not know it: to it, it came late. */
const request = (socket: Socket, frame: Buffer): Promise<void> =>
  new Promise(resolve => {
    const answers = countFrames()
    const onData = (chunk: Buffer): void => {
      if (answers(chunk) === 0) return
      socket.off('data', onData)
      resolve()
    }
    socket.on('data', onData)
    socket.write(frame)
  })

const row = (name: string, histogram: RecordableHistogram): LatencyRow => ({
  name,
  p50Us: histogram.percentile(50) / 1_000,
  p99Us: histogram.percentile(99) / 1_000,
})
