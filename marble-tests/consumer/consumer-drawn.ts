/** A whole consumer on a scripted cluster, for pictures. */
import { map, tap, timer } from 'rxjs'
import { createClient, on, topic, type Consumer, type ProcessOptions } from '../../src/index.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { fakeCluster, pulledAnswer, type FakeClusterOptions } from '../../test/support/fake-cluster.ts'
import { fakeTransport } from '../../test/support/fake-transport.ts'
import { errorsAsValues, type Marbles } from '../marbles.ts'

export const PULL = REQUESTS.PULL_MESSAGE.code
export const COMMIT = REQUESTS.UPDATE_CONSUMER_OFFSET.code
export const LEAVE = REQUESTS.UNREGISTER_CLIENT.code

/**
 * A whole consumer of one queue on a scripted cluster. Each pull of it is answered as drawn: `p` brings three messages.
 * Pulls beyond those are held for ever.
 */
export const drawConsumer = (
  m: Marbles,
  pulls: readonly string[] = ['-p'],
  cluster: FakeClusterOptions['instead'] = {},
) => {
  let asked = 0
  const transport = fakeTransport(
    fakeCluster({
      instead: {
        [PULL]: ({ fields }) => {
          if (fields['topic'] !== 't') return m.cold('')
          const from = Number(fields['queueOffset'])
          return m.cold(pulls[asked++] ?? '', { p: pulledAnswer(from, {}, {}, {}) })
        },
        ...cluster,
      },
    }),
  )
  const client = createClient({
    nameServers: 'n:1',
    clientId: 'me',
    logger: false,
    timing: {
      drainMs: 20,
      rebalanceMs: 1_000_000,
      heartbeatMs: 1_000_000,
      routeRefreshMs: 1_000_000,
      commitMs: 1_000_000,
      idleMs: 1,
    },
    runtime: { transport, random: () => 0 },
  })
  const consumer = client.consumer({ group: 'g', subscribe: [on(topic('t'))], startFrom: 'first' })
  /** What was asked of the broker about topic `t`, and when: its new offset for a commit. */
  const told = (code: number, field = 'commitOffset') =>
    transport
      .sent(code)
      .filter(({ frame }) => (frame.fields['topic'] ?? 't') === 't')
      .map(({ frame, at }) => `${frame.fields[field] ?? ''} at ${at}`)
  return { client, consumer, transport, told, commits: () => told(COMMIT), leaves: () => told(LEAVE, 'consumerGroup') }
}

/** Each message by its offset, when its handler ended. */
export const shown = (consumer: Consumer, handlerMs: number, options: ProcessOptions = {}) =>
  consumer
    .process$(() => timer(handlerMs), options)
    .pipe(
      map(({ delivery, settlement }) =>
        settlement === 'acked' ? delivery.message.queueOffset.toString() : settlement,
      ),
      errorsAsValues(),
    )

export const EACH = { 0: '0', 1: '1', 2: '2', r: 'released' }

/** Calls it at this time. */
export const at = (m: Marbles, diagram: string, call: () => unknown) =>
  m.expect(m.cold(diagram).pipe(tap(() => void call()))).toBeObservable(diagram)

/** A handler that has nothing to sell. */
export const fail = (): never => {
  throw new Error('out of stock')
}
