import type { Observable } from 'rxjs'
import { afterAll, describe, expect, it } from 'vitest'
import { createClient, fileOffsets, on, TRACE_DEFAULTS } from '../../src/index.ts'
import { CONSUMER_DEFAULTS, FLOW_DEFAULTS, resolveConsumerOptions } from '../../src/consumer/options.ts'
import { resolveProcessBatchOptions, resolveProcessOptions } from '../../src/consumer/handling/process-options.ts'
import { checkedRetry } from '../../src/consumer/queues/retry-delay.ts'
import { failureOf, thrownBy } from '../support/failure.ts'
import { membersOf } from '../support/members-of.ts'
import { BATCH, CONSUMER, FILES, FLOW, NO_QUEUE, NO_STREAM, PROCESS, RETRY, texts } from './wrong-consumer-options.ts'
import { expectRefused, NO_FUNCTION, NO_NUMBER, NO_OBJECT } from './wrong-values.ts'

const GOOD = { group: 'g', subscribe: [on(texts)] } as const
const resolve = (given: object) => resolveConsumerOptions({ ...GOOD, ...given }, 5_000)
const MODE = resolve({})
const OPTIONS = 'src/consumer/options.ts'
const OF_PROCESS = 'src/consumer/handling/process-options.ts'
const ofWork = membersOf(OF_PROCESS, 'WorkOptions')

describe.each<[string, readonly string[], Readonly<Record<string, readonly unknown[]>>, (given: never) => unknown]>([
  ['ConsumerOptions', membersOf(OPTIONS, 'ConsumerOptions'), CONSUMER, resolve],
  ['FlowLimits', membersOf(OPTIONS, 'FlowLimits'), FLOW, flow => resolve({ flow })],
  [
    'ProcessOptions',
    [...ofWork, ...membersOf(OF_PROCESS, 'ProcessOptions')],
    PROCESS,
    given => resolveProcessOptions(given, MODE),
  ],
  [
    'ProcessBatchOptions',
    [...ofWork, ...membersOf(OF_PROCESS, 'ProcessBatchOptions')],
    BATCH,
    given => resolveProcessBatchOptions(given, MODE),
  ],
  ['RetryOptions', membersOf('src/consumer/queues/retry-delay.ts', 'RetryOptions'), RETRY, checkedRetry],
  ['FileOffsetsOptions', membersOf('src/consumer/offsets/file-offsets.ts', 'FileOffsetsOptions'), FILES, fileOffsets],
])('every option of %s', (_, members, table, read) => {
  it('has its row in the table', () => {
    expect(Object.keys(table).sort()).toEqual([...members].sort())
  })

  it.each(Object.entries(table))('%s is refused by its name for whatever it cannot be', (option, values) => {
    for (const value of values) {
      const error = thrownBy(() => read({ [option]: value } as never))
      expectRefused(error, option, value)
      expect([value, error.problems.length]).toEqual([value, 1])
    }
  })

  it.each(Object.keys(table).filter(option => !['group', 'subscribe'].includes(option)))(
    '%s may be undefined',
    option => {
      expect(() => read({ [option]: undefined } as never)).not.toThrow()
    },
  )

  it('that does not exist is refused by its name', () => {
    expectRefused(
      thrownBy(() => read({ tiemoutMs: 5 } as never)),
      'tiemoutMs is not an option',
      5,
    )
  })
})

describe('options of a consumer', () => {
  it('that are none at all are refused, and so is what is no set of options of work', () => {
    for (const value of [...NO_OBJECT, undefined])
      expectRefused(
        thrownBy(() => resolveConsumerOptions(value as never, 5_000)),
        'group',
        value,
      )
    for (const value of NO_OBJECT) {
      expectRefused(
        thrownBy(() => resolveProcessOptions(value as never, MODE)),
        'options is',
        value,
      )
      expectRefused(
        thrownBy(() => resolveProcessBatchOptions(value as never, MODE)),
        'options is',
        value,
      )
      expectRefused(
        thrownBy(() => fileOffsets(value as never)),
        'options is',
        value,
      )
    }
  })

  it('have the defaults that are exported', () => {
    const {
      startFrom,
      model,
      ordering,
      delivery,
      acknowledge,
      invisibleMs,
      assign,
      settleTimeoutMs,
      autoCommit,
      onDecodeError,
      verifyBodyCrc,
      flow,
    } = MODE
    const resolved = {
      startFrom,
      model,
      ordering,
      delivery,
      acknowledge,
      invisibleMs,
      assign,
      settleTimeoutMs,
      autoCommit,
      onDecodeError,
      verifyBodyCrc,
    }
    expect({ ...resolved, allocate: 'average', trace: false }).toEqual(CONSUMER_DEFAULTS)
    expect([flow, MODE.trace]).toEqual([FLOW_DEFAULTS, undefined])
    expect(resolve({ trace: true }).trace).toEqual(TRACE_DEFAULTS)
    expect(resolve(CONSUMER_DEFAULTS).allocation.wireName).toBe('AVG')
  })

  const queue = { topic: 'texts', brokerName: 'a', queueId: 0 }
  it.each<[string, object, string]>([
    [
      'a rule of sharing out, with queues that are given',
      { assign: [queue], allocate: 'circle' },
      'allocate and a list',
    ],
    [
      'a rule of sharing out, where nothing is shared',
      { model: 'broadcasting', allocate: 'circle' },
      "allocate and model 'broadcasting' exclude each other",
    ],
    [
      'dead letters, where there are none',
      { model: 'broadcasting', onDecodeError: 'dead-letter' },
      'onDecodeError is "dead-letter": expected one of ack, deliver-raw',
    ],
    [
      'commits of its own, where the broker keeps progress',
      { acknowledge: 'pop', autoCommit: false },
      "acknowledge 'pop' and autoCommit false exclude each other",
    ],
    [
      'commits of its own, where a commit comes first',
      { delivery: 'at-most-once', autoCommit: false },
      "autoCommit false and delivery 'at-most-once' exclude each other",
    ],
    ['a queue twice', { assign: [queue, { ...queue }] }, 'assign names queue texts@a:0 twice'],
    [
      'a queue of a topic that is not subscribed to',
      { assign: [queue, { ...queue, topic: 'others' }] },
      'assign names queue others@a:0, whose topic subscribe does not name',
    ],
  ])('that contradict each other are refused: %s', (_, given, says) => {
    const error = thrownBy(() => resolve(given))
    expectRefused(error, says.replace(/[()']/g, '.'), given)
    expect(error.problems).toHaveLength(1)
  })

  it('that seem to contradict each other and do not are taken', () => {
    const retries = { ...queue, topic: '%RETRY%g' }
    expect(resolve({ assign: [queue, retries], allocate: 'average' }).assign).toEqual([queue, retries])
    expect(resolve({ model: 'broadcasting', allocate: 'average', ordering: 'queue' }).model).toBe('broadcasting')
    expect(resolve({ delivery: 'at-most-once', ordering: 'queue' }).delivery).toBe('at-most-once')
  })

  it('of work are all told at once', () => {
    const error = thrownBy(() =>
      resolveProcessBatchOptions({ concurrency: 0, until: 5, maxCount: 0, keyBy: 'key', typo: 1 } as never, MODE),
    )
    expect(error.message).toMatch(/^5 options of processBatch\$ are wrong: /)
  })
})

describe('what a consumer is asked to do', () => {
  const client = createClient({ nameServers: 'n:1', logger: false })
  afterAll(() => client.close({ drainMs: 0 }))
  const consumer = client.consumer(GOOD)
  const queue = { topic: 'texts', brokerName: 'a', queueId: 0 }

  it('needs a handler that is a function', async () => {
    for (const handler of [undefined, ...NO_FUNCTION]) {
      expectRefused(await failureOf(consumer.process$(handler as never)), 'the handler is', handler)
      expectRefused(await failureOf(consumer.processBatch$(handler as never)), 'the handler is', handler)
    }
  })

  it('tells what is wrong with its options after subscribing, and not inside of it', async () => {
    const doors: readonly Observable<unknown>[] = [
      consumer.process$(() => undefined, { concurrency: 0 }),
      consumer.processBatch$(() => undefined, { maxCount: 0 }),
      consumer.messages$({ until: 5 } as never),
      consumer.queues$({ until: 5 } as never),
    ]
    for (const door$ of doors) {
      let inside = true
      const told = new Promise(resolve => {
        door$.subscribe({ error: () => resolve(inside) })
      })
      inside = false
      expect(await told).toBe(false)
    }
  })

  it.each([
    ['messages$', (options: never) => consumer.messages$(options)],
    ['queues$', (options: never) => consumer.queues$(options)],
  ])('%s: until is refused by its name, and so is what does not exist', async (_, door) => {
    for (const until of NO_STREAM) expectRefused(await failureOf(door({ until } as never)), 'until is', until)
    expectRefused(await failureOf(door({ untill: 5 } as never)), 'untill is not an option', 5)
    for (const value of NO_OBJECT) expectRefused(await failureOf(door(value as never)), 'options is', value)
  })

  it('seek$: a place is refused that is none, and so are queues', async () => {
    for (const to of ['middle', '', null, undefined, {}, [], NaN, 0.5, 2 ** 60, new Date(NaN), 2n ** 70n])
      expectRefused(await failureOf(consumer.seek$(to as never)), /place to seek|offset/, to)
    for (const queues of [null, 5, 'texts', queue, ...NO_QUEUE.map(one => [one])])
      expectRefused(await failureOf(consumer.seek$('first', queues as never)), 'queues is', queues)
    expectRefused(await failureOf(consumer.seek$('first', [queue])), 'seek. needs a consumer that runs', queue)
  })

  it('pause and resume: what is no list of queues is refused at once', () => {
    for (const queues of [null, 5, 'texts', queue, ...NO_QUEUE.map(one => [one])])
      for (const act of [consumer.pause, consumer.resume])
        expectRefused(
          thrownBy(() => act(queues as never)),
          'queues is',
          queues,
        )
  })

  it('lag$, stats$, explain: what makes no sense is refused at once', () => {
    for (const everyMs of [0, ...NO_NUMBER])
      for (const door of [consumer.lag$, consumer.stats$] as readonly ((ms: never) => unknown)[])
        expectRefused(
          thrownBy(() => door(everyMs as never)),
          'everyMs',
          everyMs,
        )
    for (const what of [null, 5, {}, [], true])
      expectRefused(
        thrownBy(() => consumer.explain(what as never)),
        'what to explain',
        what,
      )
  })

  it('drain$ and close: a time is refused that is none, and so is what does not exist', async () => {
    expectRefused(await failureOf(consumer.drain$({ drainMs: 5 } as never)), 'drainMs is not an option', 5)
    expectRefused(
      thrownBy(() => consumer.close({ timeoutMs: 5 } as never)),
      'timeoutMs is not an option',
      5,
    )
    for (const timeoutMs of NO_NUMBER)
      expectRefused(await failureOf(consumer.drain$({ timeoutMs } as never)), 'timeoutMs', timeoutMs)
    for (const drainMs of NO_NUMBER)
      expectRefused(
        thrownBy(() => consumer.close({ drainMs } as never)),
        'drainMs',
        drainMs,
      )
    for (const value of NO_OBJECT) {
      expectRefused(await failureOf(consumer.drain$(value as never)), 'options is', value)
      expectRefused(
        thrownBy(() => consumer.close(value as never)),
        'options is',
        value,
      )
    }
  })
})
