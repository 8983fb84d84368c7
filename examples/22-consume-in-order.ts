import { from, lastValueFrom, take } from 'rxjs'
import { codecs, createClient, message, on, topic } from 'rocketmq-rxjs'
import { openCluster, perRun } from './cluster.ts'

/**
 * Order that survives failures and other members: with `ordering: 'queue'` a queue is locked at its broker, so that one
 * member of the group has it, its messages are handled one by one, and one that fails is tried again in place while
 * nothing of its queue overtakes it. Other queues go on.
 */
await using cluster = await openCluster()
await using client = createClient({ ...cluster.config, logger: false }) // the failure is expected here
const steps = topic(perRun('user_steps'), codecs.json<{ user: string; step: number }>())
const sent = [0, 1, 2].flatMap(step => ['ada', 'grace'].map(user => ({ user, step })))
await lastValueFrom(
  from(sent).pipe(
    client.producer().sendAll(body => message(steps, body, { shardKey: body.user }), { keyBy: ({ user }) => user }),
  ),
)

const consumer = client.consumer({
  group: perRun('clerks'),
  subscribe: [on(steps)],
  startFrom: 'first',
  ordering: 'queue',
})
const seen = new Map<string, string[]>()
const handled$ = consumer.process$(
  ({ message: { body }, attempt }) => {
    seen.set(body.user, [...(seen.get(body.user) ?? []), `${body.step}.${attempt}`])
    if (body.user === 'ada' && body.step === 1 && attempt < 3) throw new Error('not yet')
  },
  { suspendMs: 50 },
)
await lastValueFrom(handled$.pipe(take(sent.length)))
console.log(['ada', 'grace'].map(user => `${user}: ${seen.get(user)?.join(' ')}`).join('; '))
