import { afterAll, describe, expect, it } from 'vitest'
import { firstValueFrom, isObservable } from 'rxjs'
import type { Observable } from 'rxjs'
import { createClient, on, topicCoordinator } from '../../src/index.ts'
import type { PullConsumerOptions } from '../../src/index.ts'
import { fakeCluster } from '../support/fake-cluster.ts'
import { fakeTransport } from '../support/fake-transport.ts'
import { failureOf, thrownBy } from '../support/failure.ts'
import { membersOf } from '../support/members-of.ts'
import { texts } from './wrong-consumer-options.ts'
import { COORDINATOR, EPOCH, FETCH, NO_GROUP, NO_OFFSET, NO_TIME, NO_TOPIC } from './wrong-pull-options.ts'
import { PULL, PULL_CONSUMER, QUEUE, STRANGE_QUEUES } from './wrong-pull-options.ts'
import { expectRefused, NO_NUMBER, NO_OBJECT } from './wrong-values.ts'

const transport = fakeTransport(fakeCluster())
const CONFIG = { nameServers: 'n:1', clientId: 'me', logger: false, runtime: { transport } } as const
const client = createClient(CONFIG)
afterAll(() => client.close({ drainMs: 0 }))
const GOOD = { group: 'g', subscribe: [on(texts)] } as const
const shared = client.pullConsumer(GOOD)
const chosen = client.pullConsumer({ ...GOOD, assign: [] })

const expectNothingOpened = (): void => expect([transport.dials.length, transport.written.length]).toEqual([0, 0])
/** Of what throws at once, and of what errors when it is subscribed to. */
const refusalOf = async (call: () => unknown) => {
  let operation: unknown
  try {
    operation = call()
  } catch {
    return thrownBy(call)
  }
  if (isObservable(operation)) return failureOf(operation)
  throw new Error('nothing was refused')
}

const pullConsumer = (given: unknown) => client.pullConsumer(given as PullConsumerOptions)
const pull$ = (given: unknown) => client.pull$(QUEUE, given as never)
const fetch$ = (given: unknown) => client.consumer(GOOD).fetch$(given as never)
const coordinator = (given: unknown) => topicCoordinator(CONFIG, given as never)

type Table = Readonly<Record<string, readonly unknown[]>>
describe.each<[string, readonly string[], Table, object, (given: unknown) => unknown]>([
  [
    'PullConsumerOptions',
    [...sharedWithConsumers(), ...membersOf('src/consumer/pull/pull-options.ts', 'PullConsumerOptions')],
    PULL_CONSUMER,
    GOOD,
    pullConsumer,
  ],
  ['PullOptions', membersOf('src/consumer/queues/pull-once.ts', 'PullOptions'), PULL, { offset: 0 }, pull$],
  ['FetchOptions', membersOf('src/consumer/pull/fetch-options.ts', 'FetchOptions'), FETCH, {}, fetch$],
  [
    'TopicCoordinatorOptions',
    membersOf('src/coordination/coordinator-options.ts', 'TopicCoordinatorOptions'),
    COORDINATOR,
    {},
    coordinator,
  ],
])('every option of %s', (_, members, table, good, door) => {
  it('has its row in the table', () => {
    expect(Object.keys(table).sort()).toEqual([...members].sort())
  })

  it.each(Object.entries(table))('%s is refused by its name for whatever it cannot be', async (option, values) => {
    for (const value of values) {
      const error = await refusalOf(() => door({ ...good, [option]: value }))
      expectRefused(error, option, value)
      expect([value, error.problems]).toEqual([value, [error.message]])
    }
    expectNothingOpened()
  })

  it('is told with all others that are wrong', async () => {
    const worst = Object.fromEntries(Object.entries(table).map(([option, [value]]) => [option, value]))
    const error = await refusalOf(() => door({ ...worst, tiemoutMs: 5 }))
    expect(error.problems).toHaveLength(Object.keys(worst).length + 1)
    for (const option of Object.keys(worst)) expectRefused(error, option, worst)
    expectRefused(error, 'tiemoutMs is not an option', worst)
    expectNothingOpened()
  })

  it('has to be one of a set of options', async () => {
    for (const value of NO_OBJECT) expectRefused(await refusalOf(() => door(value)), 'options is', value)
    expectNothingOpened()
  })
})

/** Whatever `pull-options.ts` takes over from the options of a consumer. */
function sharedWithConsumers(): readonly string[] {
  const own = membersOf('src/consumer/pull/pull-options.ts', 'PullConsumerOptions')
  return membersOf('src/consumer/options.ts', 'ConsumerOptions').filter(name => {
    const isKnown = !thrownBy(() => pullConsumer({ [name]: null })).message.includes(`.${name} is not an option`)
    return isKnown && !own.includes(name)
  })
}

describe('options that contradict each other', () => {
  it.each<[string, object, string]>([
    [
      'a rule of sharing out, with queues that are given',
      { assign: [QUEUE], allocate: 'circle' },
      'allocate and a list',
    ],
    ['the same, with none of them yet', { assign: [], allocate: 'circle' }, 'allocate and a list'],
    [
      'a rule of sharing out, where nothing is shared',
      { model: 'broadcasting', allocate: 'circle' },
      "allocate and model 'broadcasting' exclude each other",
    ],
    [
      'a queue whose topic is not subscribed to',
      { assign: [{ ...QUEUE, topic: 'others' }] },
      'assign names queue others',
    ],
  ])('are refused: %s', (_, given, says) => {
    const error = thrownBy(() => pullConsumer({ ...GOOD, ...given }))
    expectRefused(error, says, given)
    expect(error.problems).toHaveLength(1)
  })

  it('are those of the cluster as well, for a coordinator, and all are told', () => {
    const error = thrownBy(() => topicCoordinator({ nameServers: 5, maxInFlight: 0 } as never, { everyMs: 0 }))
    expect(error.problems.map(problem => problem.split(' ')[0])).toEqual(['nameServers', 'maxInFlight', 'everyMs'])
    for (const config of [...NO_OBJECT, undefined])
      expectRefused(
        thrownBy(() => topicCoordinator(config as never)),
        'nameServers is',
        config,
      )
  })

  it('and no configuration at all are refused by a client, too', () => {
    for (const config of [...NO_OBJECT, undefined])
      expectRefused(
        thrownBy(() => createClient(config as never)),
        'nameServers is',
        config,
      )
  })
})

type Argument = readonly [door: string, name: string, values: readonly unknown[], call: (value: never) => unknown]
const PLACES = new Set<unknown>([-1, -1n, '-1', 'first', EPOCH])
const queuesOf = (strange: readonly unknown[]) => [null, 5, 'texts', {}, QUEUE, ...strange.map(queue => [queue])]

/** Each argument of each door. Where it may be left out, undefined is no wrong value. */
const ARGUMENTS: readonly Argument[] = [
  ['pull$', 'queue', STRANGE_QUEUES, queue => client.pull$(queue, { offset: 0 })],
  [
    'pull$',
    'topic',
    [
      { ...QUEUE, topic: 'a b' },
      { ...QUEUE, topic: 'TBW102' },
    ],
    q => client.pull$(q, { offset: 0 }),
  ],
  ['pull$', 'offset', [undefined, {}], options => client.pull$(QUEUE, options)],
  ['queues$', 'topic', [undefined, ...NO_TOPIC], topic => client.queues$(topic)],
  ['minOffset$', 'queue', STRANGE_QUEUES, queue => client.minOffset$(queue)],
  ['maxOffset$', 'queue', STRANGE_QUEUES, queue => client.maxOffset$(queue)],
  ['searchOffset$', 'queue', STRANGE_QUEUES, queue => client.searchOffset$(queue, EPOCH)],
  ['searchOffset$', 'time', NO_TIME, at => client.searchOffset$(QUEUE, at)],
  ['committedOffset$', 'group', [undefined, ...NO_GROUP], group => client.committedOffset$(group, QUEUE)],
  ['committedOffset$', 'queue', STRANGE_QUEUES, queue => client.committedOffset$('g', queue)],
  ['commitOffset$', 'group', [undefined, ...NO_GROUP], group => client.commitOffset$(group, QUEUE, 1)],
  ['commitOffset$', 'queue', STRANGE_QUEUES, queue => client.commitOffset$('g', queue, 1)],
  ['commitOffset$', 'offset', [undefined, ...NO_OFFSET], offset => client.commitOffset$('g', QUEUE, offset)],
  ['queues$ of a consumer', 'topic', [undefined, ...NO_TOPIC], topic => shared.queues$(topic)],
  ['offsetForTimestamp$', 'queue', STRANGE_QUEUES, queue => shared.offsetForTimestamp$(queue, EPOCH)],
  ['offsetForTimestamp$', 'time', NO_TIME, at => shared.offsetForTimestamp$(QUEUE, at)],
  ['poll$', 'timeoutMs', [...NO_NUMBER, 2 ** 31], timeoutMs => shared.poll$(timeoutMs)],
  [
    'seek$',
    'the place to seek|offset',
    // one below 0 is outside of every queue: ERR_RMQ_OFFSET
    ['middle', undefined, new Date(NaN), ...NO_OFFSET.filter(to => !PLACES.has(to))],
    to => shared.seek$(to),
  ],
  ['seek$', 'queues', queuesOf(STRANGE_QUEUES), queues => shared.seek$('first', queues)],
  ['commit$', 'what to commit', queuesOf(STRANGE_QUEUES), what => shared.commit$(what)],
  [
    'commit$ below offsets',
    'what to commit',
    STRANGE_QUEUES.map(queue => [{ queue, offset: 1 }]),
    what => shared.commit$(what),
  ],
  ['commit$ below', 'offset', [undefined, ...NO_OFFSET], offset => shared.commit$([{ queue: QUEUE, offset }])],
  ['committed$', 'queue', STRANGE_QUEUES, queue => shared.committed$(queue)],
  ['assign', 'assign', [undefined, ...queuesOf(STRANGE_QUEUES), [QUEUE, QUEUE]], queues => chosen.assign(queues)],
  ['assign', 'assign', [[{ ...QUEUE, topic: 'others' }]], queues => chosen.assign(queues)],
  ['pause', 'queues', queuesOf(STRANGE_QUEUES), queues => shared.pause(queues)],
  ['resume', 'queues', queuesOf(STRANGE_QUEUES), queues => shared.resume(queues)],
  ['lag$', 'everyMs', [0, ...NO_NUMBER], everyMs => shared.lag$(everyMs)],
]

describe('what queues and pull consumers are asked', () => {
  it.each(ARGUMENTS)('%s: %s is refused by its name for whatever it cannot be', async (_, name, values, call) => {
    for (const value of values) expectRefused(await refusalOf(() => call(value as never)), new RegExp(name), value)
    expectNothingOpened()
  })

  it('has each of its doors in the table', () => {
    const inTable = new Set(ARGUMENTS.map(([door]) => door.split(' ')[0]))
    const doors = [
      ...membersOf('src/consumer/queues/queue-doors.ts', 'QueueDoors'),
      ...membersOf('src/consumer/pull/pull-consumer.ts', 'PullConsumer'),
    ]
    const asked = Object.fromEntries(doors.filter(door => door.endsWith('$')).map(door => [door, inTable.has(door)]))
    expect(asked).toEqual({ ...Object.fromEntries(Object.keys(asked).map(door => [door, true])), start$: false })
  })
})

it('and none of it is in the way of what follows', async () => {
  expectNothingOpened()
  const soon = <T>(operation$: Observable<T>) => firstValueFrom(operation$)
  expect(await soon(client.queues$('texts'))).toEqual([QUEUE])
  expect((await soon(client.maxOffset$(QUEUE))).toNumber()).toBe(0)
  expect(await soon(shared.poll$(5))).toEqual([])
})
