/** A pull consumer on a scripted cluster, for pictures. */
import { map, mergeMap } from 'rxjs'
import { on, topic, type PullConsumer, type PullConsumerOptions } from '../../src/index.ts'
import { errorsAsValues, type Marbles } from '../marbles.ts'
import { drawConsumer } from './consumer-drawn.ts'

/** A pull consumer of one queue, whose pulls are answered as drawn: `p` brings three messages. */
export const drawPulls = (
  m: Marbles,
  pulls: readonly string[],
  more: Partial<PullConsumerOptions> = {},
  cluster: Parameters<typeof drawConsumer>[2] = {},
) => {
  const drawn = drawConsumer(m, pulls, cluster)
  const options = { group: 'g', subscribe: [on(topic('t'))], startFrom: 'first', pollTimeoutMs: 4 } as const
  return { ...drawn, pulling: drawn.client.pullConsumer({ ...options, commit: { everyMs: 5 }, ...more }) }
}
/** Polls at each mark; shows how many messages came, or the error. */
export const polls = (m: Marbles, consumer: PullConsumer, marks: string) =>
  m.cold(marks).pipe(
    mergeMap(() =>
      consumer.poll$().pipe(
        map(messages => String(messages.length)),
        errorsAsValues(),
      ),
    ),
  )
