import { firstValueFrom, NEVER, of } from 'rxjs'
import type { ObservableInput } from 'rxjs'
import { createClient, message, on, topic } from '../../src/index.ts'
import type { Frame } from '../../src/protocol/frames/frame.ts'
import { isJsonObject, readLenientJson } from '../../src/protocol/lenient-json.ts'
import type { JsonObject } from '../../src/protocol/lenient-json.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { RESPONSE } from '../../src/protocol/responses.ts'
import { answers, fakeCluster, pulledAnswer } from './fake-cluster.ts'
import { fakeTransport } from './fake-transport.ts'
import type { Written } from './fake-transport.ts'

/** What a client, its producer and its consumer put on the wire when they were told nothing about how. */
export interface DefaultConversation {
  readonly send: Written
  readonly heartbeats: readonly Written[]
  /** What the first one says. */
  readonly heartbeat: JsonObject
  /** What it says about the one consumer group. */
  readonly consumer: JsonObject
  readonly pull: Written
  /** The codes of everything that was asked. */
  readonly codes: ReadonlySet<number>
  /** The body of the message that was pulled, as its handler got it. */
  readonly received: string
}

const SILENT = 'a:10911'
const LIVELY = 'b:10911'

/** One message is sent and one is consumed. One of the two brokers never answers a heartbeat. */
export const defaultConversation = async (pulled: Buffer, sysFlag: number): Promise<DefaultConversation> => {
  let pulls = 0
  const transport = fakeTransport(
    fakeCluster({
      brokers: { a: SILENT, b: LIVELY },
      members: ['me'],
      instead: {
        [REQUESTS.HEART_BEAT.code]: (_, endpoint): ObservableInput<Frame> =>
          endpoint === SILENT ? NEVER : of(answers(RESPONSE.SUCCESS)),
        [REQUESTS.PULL_MESSAGE.code]: ({ fields }): ObservableInput<Frame> =>
          fields.topic === 't' && pulls++ === 0 ? of(pulledAnswer(0, { storedBody: pulled, sysFlag })) : NEVER,
      },
    }),
  )
  const client = createClient({ nameServers: 'n:1', clientId: 'me', logger: false, runtime: { transport } })
  const orders = topic('t')
  let received = ''
  const handled$ = client.consumer({ group: 'g', subscribe: [on(orders)] }).process$(({ message: { body } }) => {
    received = body.toString()
  })
  await client.producer().send(message(orders, Buffer.from('x')))
  await firstValueFrom(handled$)
  const heartbeats = transport.sent(REQUESTS.HEART_BEAT.code)
  const heartbeat = bodyOf(heartbeats[0])
  await client.close()
  return {
    send: one(transport.sent(REQUESTS.SEND_MESSAGE_V2.code)),
    heartbeats,
    heartbeat,
    consumer: objectIn(heartbeat.consumerDataSet),
    pull: one(transport.sent(REQUESTS.PULL_MESSAGE.code)),
    codes: new Set(transport.written.map(({ frame }) => frame.code)),
    received,
  }
}

const one = ([first]: readonly Written[]): Written => {
  if (first === undefined) throw new Error('it was not asked')
  return first
}

const bodyOf = (written: Written | undefined): JsonObject => {
  const value = readLenientJson(written?.frame.body.toString() ?? '')
  if (!isJsonObject(value)) throw new Error('the body is no object')
  return value
}

const objectIn = (list: unknown): JsonObject => {
  const [value] = Array.isArray(list) ? (list as readonly JsonObject[]) : []
  if (value === undefined) throw new Error('the list is empty')
  return value
}
