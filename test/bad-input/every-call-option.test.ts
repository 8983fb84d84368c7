import { lastValueFrom, of, toArray } from 'rxjs'
import type { Observable } from 'rxjs'
import { afterAll, describe, expect, it } from 'vitest'
import { topic } from '../../src/index.ts'
import type {
  CallOptions,
  GatherOptions,
  SendOptions,
  SendStreamOptions,
  TransactionSendOptions,
} from '../../src/index.ts'
import { failureOf, thrownBy } from '../support/failure.ts'
import { membersOf } from '../support/members-of.ts'
import { expectRefused, GOOD, NO_FUNCTION, NO_NUMBER, NO_OBJECT, othersGoOn, scripted } from './wrong-values.ts'
import type { Wrong } from './wrong-values.ts'

const NO_SIGNAL = [null, 5, 'stop', {}, true]
const CALL: Wrong<Required<CallOptions>> = { timeoutMs: [0, ...NO_NUMBER], signal: NO_SIGNAL }
const SEND: Wrong<Required<SendOptions>> = {
  ...CALL,
  require: ['everywhere', '', 5, null],
  queue: [
    ...[null, 't', 5, {}, { topic: 'other', brokerName: 'a', queueId: 0 }, { topic: 't', brokerName: 5, queueId: 0 }],
    ...NO_NUMBER.map(queueId => ({ topic: 't', brokerName: 'a', queueId })),
    ...[
      { topic: 't', brokerName: 'a', queueId: 99 },
      { topic: 't', brokerName: 'nobody', queueId: 0 },
    ],
  ],
  select: ['sticky', '', 5, null, {}],
}
const ONEWAY = { ...CALL, queue: SEND.queue, select: SEND.select }
const TRANSACTION: Wrong<Required<TransactionSendOptions>> = { ...ONEWAY, checkAfterMs: NO_NUMBER }
const STREAM: Wrong<Required<SendStreamOptions<unknown>>> = {
  concurrency: [0, 65_537, ...NO_NUMBER],
  keyBy: NO_FUNCTION,
  order: ['reverse', '', 5, null],
  batch: [...NO_OBJECT, { nonsense: 1 }],
  buffer: [
    ...NO_OBJECT,
    { nonsense: 1 },
    ...NO_NUMBER.map(count => ({ count })),
    { overflow: 'wait' },
    { overflow: 5 },
  ],
  onError: ['ignore', '', 5, null, {}, { deadLetter: 't' }],
}
const GATHER: Wrong<Required<GatherOptions>> = {
  maxBytes: [0, (16 << 20) + 1, ...NO_NUMBER],
  maxCount: [0, 65_537, ...NO_NUMBER],
  lingerMs: NO_NUMBER,
}

const world = scripted()
const producer = world.client.producer()
const transactional = world.client.transactionalProducer({ group: 'tx', check: () => 'rollback' })
afterAll(() => world.client.close({ drainMs: 0 }))
const local = () => expect.unreachable('the local part of a transaction that never began')
const REQUEST = {
  topic: 't',
  messageId: 'id',
  queue: { topic: 't', brokerName: 'a', queueId: 0 },
  properties: { CORRELATION_ID: 'c', REPLY_TO_CLIENT: 'me', CLUSTER: 'c' },
} as never

type Table = Readonly<Record<string, readonly unknown[]>>
const CALLS: readonly (readonly [string, Table, readonly string[], (options: never) => Observable<unknown>])[] = [
  ['send$', SEND, membersOf('src/producer/send-options.ts', 'SendOptions'), o => producer.send$(GOOD, o)],
  [
    'send$ with an interceptor',
    SEND,
    membersOf('src/producer/send-options.ts', 'SendOptions'),
    o => world.client.producer({ interceptors: [(sending, next) => next(sending)] }).send$(GOOD, o),
  ],
  [
    'sendBatch$',
    SEND,
    membersOf('src/producer/send-options.ts', 'SendOptions'),
    o => producer.sendBatch$([GOOD, GOOD], o),
  ],
  ['oneway$', ONEWAY, Object.keys(ONEWAY), o => producer.oneway$(GOOD, o)],
  ['onewayBatch$', ONEWAY, Object.keys(ONEWAY), o => producer.onewayBatch$([GOOD, GOOD], o)],
  [
    'sendInTransaction$',
    TRANSACTION,
    [...membersOf('src/producer/transactional-producer.ts', 'TransactionSendOptions'), ...Object.keys(ONEWAY)],
    o => transactional.sendInTransaction$(GOOD, local, undefined, o),
  ],
  [
    'request$',
    CALL,
    membersOf('src/producer/conversation-doors.ts', 'CallOptions'),
    o => producer.request$(GOOD, topic('r'), o),
  ],
  ['recall$', CALL, Object.keys(CALL), o => producer.recall$({ topic: 't', recallHandle: 'h' }, o)],
  ['reply$', CALL, Object.keys(CALL), o => producer.reply$(REQUEST, Buffer.from('x'), GOOD.topic.codec, o)],
]

describe.each(CALLS)('every option of %s', (_name, table, members, call) => {
  it('has its row in the table', () => {
    expect(Object.keys(table).sort()).toEqual([...members].sort())
  })

  it.each(Object.entries(table))('%s is refused by its name for whatever it cannot be', async (option, values) => {
    for (const value of values) {
      expectRefused(await failureOf(call({ [option]: value } as never)), option, value)
    }
    expect(world.written()).toBe(0)
  })

  it('that does not exist is refused by its name, and so is what is no set of options', async () => {
    expectRefused(await failureOf(call({ tiemoutMs: 5 } as never)), 'tiemoutMs is not an option', 5)
    for (const value of NO_OBJECT) expectRefused(await failureOf(call(value as never)), 'options is', value)
    expect(world.written()).toBe(0)
  })
})

describe('options that a way to send does not have', () => {
  it.each<[string, Observable<unknown>, string]>([
    ['oneway$ requires nothing', producer.oneway$(GOOD, { require: 'stored' } as object), 'require'],
    ['onewayBatch$ requires nothing', producer.onewayBatch$([GOOD], { require: 'stored' } as object), 'require'],
    [
      'a transaction requires nothing',
      transactional.sendInTransaction$(GOOD, local, undefined, { require: 'stored' } as object),
      'require',
    ],
    ['request$ chooses no queue', producer.request$(GOOD, topic('r'), { select: 'random' } as object), 'select'],
    ['recall$ chooses no queue', producer.recall$({ topic: 't', recallHandle: 'h' }, { queue: {} } as object), 'queue'],
  ])('%s: refused, not passed over', async (_, operation$, option) => {
    expectRefused(await failureOf(operation$), `${option} is not an option`, option)
    expect(world.written()).toBe(0)
  })
})

type Doors = (options: never) => unknown
const STREAMS: readonly (readonly [string, Table, string, readonly string[], Doors])[] = [
  [
    'sendAll',
    STREAM,
    '',
    membersOf('src/producer/send-all.ts', 'SendStreamOptions'),
    o => producer.sendAll(() => GOOD, o),
  ],
  [
    'sendFrom$',
    omit(STREAM, 'buffer'),
    '',
    Object.keys(omit(STREAM, 'buffer')),
    o => producer.sendFrom$([1], () => GOOD, o),
  ],
  [
    'a batch of sendAll',
    GATHER,
    'batch.',
    membersOf('src/producer/gather.ts', 'GatherOptions'),
    o => producer.sendAll(() => GOOD, { batch: o }),
  ],
]
function omit(table: Table, name: string): Table {
  return Object.fromEntries(Object.entries(table).filter(([key]) => key !== name))
}

describe.each(STREAMS)('every option of %s', (_name, table, prefix, members, door) => {
  it('has its row in the table', () => {
    expect(Object.keys(table).sort()).toEqual([...members].sort())
  })

  it.each(Object.entries(table))('%s is refused by its name for whatever it cannot be, at once', (option, values) => {
    for (const value of values) {
      const shown = JSON.stringify(value)
      expectRefused(
        thrownBy(() => [shown, door({ [option]: value } as never)]),
        `${prefix}${option}`,
        shown,
      )
    }
  })

  it('that does not exist is refused by its name, and so is what is no set of options', () => {
    expectRefused(
      thrownBy(() => door({ concurency: 5 } as never)),
      'concurency is not an option',
      5,
    )
    for (const value of NO_OBJECT)
      expectRefused(
        thrownBy(() => door(value as never)),
        /(options|batch) is/,
        value,
      )
  })
})

describe('what makes messages of inputs', () => {
  it.each(NO_FUNCTION)('has to be a function, not %j', project => {
    expectRefused(
      thrownBy(() => producer.sendAll(project as never)),
      'project is',
      project,
    )
    expectRefused(
      thrownBy(() => producer.sendFrom$([1], project as never)),
      'project is',
      project,
    )
  })

  it.each([{}, { batch: {} }])(
    'and what it makes in vain is the failure of that input alone, with %j',
    async options => {
      const made = [GOOD, null, 5, { ...GOOD, topic: undefined }, GOOD]
      const fresh = scripted()
      const sent$ = of(0, 1, 2, 3, 4).pipe(
        fresh.client.producer().sendAll(i => made[i] as never, { ...options, onError: 'continue', order: 'source' }),
        toArray(),
      )
      const outcomes = await lastValueFrom(sent$)
      expect(outcomes.map(({ ok }) => ok)).toEqual([true, false, false, false, true])
      for (const outcome of outcomes) if (!outcome.ok) expectRefused(outcome.error, /message/, outcome.input)
      await fresh.client.close({ drainMs: 0 })
    },
  )
})

it('and none of it affects another send of the same producer', async () => {
  await othersGoOn(world, () => producer.send(GOOD))
  await othersGoOn(world, () => lastValueFrom(of(1).pipe(producer.sendAll(() => GOOD))))
  await othersGoOn(world, () => transactional.send(GOOD))
})
