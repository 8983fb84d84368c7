import { readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { decodeFrame } from '../../src/protocol/frames/frame-codec.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { wireContent } from '../support/wire-content.ts'
import { startJavaProcess } from './java-process.ts'
import type { JavaProcess } from './java-process.ts'
import { startRealCluster } from './real-cluster.ts'
import type { RealCluster } from './real-cluster.ts'
import { startRecordingProxies } from './recording-proxies.ts'
import type { RecordingProxies } from './recording-proxies.ts'

/** The version whose client and broker the golden file is made of. */
const VERSION = '5.3.3'
const FILE = new URL('../golden/java-sends.json', import.meta.url)
const TOPIC = 'RecordedTopic'
const KINDS = [
  'plain',
  'dressed',
  'sharded',
  'delay-level',
  'deliver-at',
  'deliver-after',
  'recall',
  'oneway',
  'batch',
  'compressed',
  'transaction-commit',
  'transaction-rollback',
  'transaction-unknown',
  'request',
  'reply',
]
/** What is to do with messages: not heartbeats, routes and their like. */
const CODES: ReadonlySet<number> = new Set(
  [
    REQUESTS.SEND_MESSAGE,
    REQUESTS.SEND_MESSAGE_V2,
    REQUESTS.SEND_BATCH_MESSAGE,
    REQUESTS.SEND_REPLY_MESSAGE,
    REQUESTS.SEND_REPLY_MESSAGE_V2,
    REQUESTS.END_TRANSACTION,
    REQUESTS.RECALL_MESSAGE,
  ].map(({ code }) => code),
)

interface Recorded {
  readonly describes: string
  readonly fields: Readonly<Record<string, string>>
  readonly vectors: readonly RecordedKind[]
}
interface RecordedKind {
  readonly name: string
  readonly source: string
  readonly input: { readonly kind: string; readonly topic: string; readonly at: number }
  readonly frames: readonly string[]
}

let cluster: RealCluster
let java: JavaProcess
let proxies: RecordingProxies
let frames: Buffer[] = []

beforeAll(async () => {
  cluster = await startRealCluster({ version: VERSION })
  await cluster.createTopic(TOPIC)
  java = await startJavaProcess(VERSION, () => undefined)
  proxies = await startRecordingProxies(cluster, frame => {
    if (CODES.has(decodeFrame(frame.subarray(4)).code)) frames.push(frame)
  })
})
afterAll(async () => {
  await java.stop()
  await proxies.stop()
  await cluster.stop()
})

const record = async (kind: string, at: number): Promise<RecordedKind> => {
  frames = []
  const { nameServer } = proxies
  await java.ask('sendKind', { nameServer, topic: TOPIC, kind, at, cluster: 'DefaultCluster' })
  const expected = /transaction|recall/.test(kind) ? 2 : 1
  await expect.poll(() => frames.length).toBeGreaterThanOrEqual(expected) // one-way requests are on their way
  return {
    name: `producer-wire/${kind}`,
    source: `DefaultMQProducer or TransactionMQProducer to a broker, through a proxy [${VERSION}]`,
    input: { kind, topic: TOPIC, at },
    frames: frames.slice(0, expected).map(frame => frame.toString('hex')),
  }
}

it('the official producer puts on the wire what is written down of it, for each kind of message', async () => {
  const at = Date.now() + 3_600_000
  const vectors: RecordedKind[] = []
  for (const kind of KINDS) vectors.push(await record(kind, at))
  const recorded: Recorded = {
    describes: 'What the official producer sends to a broker for one message of each kind, written down between them.',
    fields: {
      name: 'unique over all files',
      source: 'the official class (and release, in brackets) that wrote the frames',
      input: 'which kind of message, its topic, and for timed ones the time of delivery, epoch ms',
      frames: 'whole frames with their length prefix, in order, as hex',
    },
    vectors,
  }
  if (process.env['ROCKETMQ_RECORD'] !== undefined) await writeFile(FILE, `${JSON.stringify(recorded, null, 1)}\n`)
  const golden = JSON.parse(await readFile(FILE, 'utf8')) as Recorded
  expect(golden.vectors.map(said)).toEqual(vectors.map(said))
})

const said = ({ name, frames: all }: RecordedKind) => [name, all.map(hex => wireContent(frameOf(hex)))]

const frameOf = (hex: string) => decodeFrame(Buffer.from(hex, 'hex').subarray(4))
