import { concat, defer, firstValueFrom, NEVER, of, throwError, timer } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codecs, message, on, topic } from '../../src/index.ts'
import type { AnsweredCheck, Client, Decision, TransactionalOptions, TransactionCheck } from '../../src/index.ts'
import { failureOf } from '../support/failure.ts'
import { firstWhere } from '../support/first-where.ts'
import { eventsOf, ofType, PATIENT, quietClient } from '../support/quiet-client.ts'
import { settledCount, readAll, storedCount } from '../support/stored.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget({ own: true })
})
afterAll(() => cluster.stop())

interface Order {
  readonly id: number
}
const orderTopic = async () => {
  const orders = topic(unique('orders'), codecs.json<Order>())
  await cluster.createTopic(orders.name, { queues: 2 })
  return orders
}
const forgotten: TransactionalOptions['check'] = () => 'unknown'
const transactional = (client: Client, options: Partial<TransactionalOptions> = {}) =>
  client.transactionalProducer({ group: unique('tx'), check: forgotten, ...PATIENT, ...options })

/** The check-backs that a producer answers, as they come, until one is answered like this. */
const answeredWith = (checks$: ReturnType<typeof transactional>['checks$'], decision: Decision) =>
  firstWhere(checks$, (answered: AnsweredCheck) => answered.decision === decision)

/** Brokers look at what is undecided in its order: once one sent now is asked about, what is older has had its turn. */
const lookedThrough = async (client: Client, orders: Awaited<ReturnType<typeof orderTopic>>): Promise<void> => {
  const later = transactional(client, { check: () => 'rollback' })
  const asked = answeredWith(later.checks$, 'rollback')
  await later.sendInTransaction(
    message(orders, { id: 0 }),
    () => undefined,
    () => 'unknown',
  )
  await asked
}

describe('a transaction', () => {
  it('whose local part succeeds shows its message, with all that it was sent with and the id of the half', async () => {
    const orders = await orderTopic()
    await using client = quietClient(cluster)
    const producer = transactional(client)
    const outcome = await producer.sendInTransaction(
      message(orders, { id: 7 }, { tag: 'new', keys: ['order-7'], shardKey: 'k', properties: { user_id: 'u1' } }),
      half => Promise.resolve(`saved under ${half.transactionId}`),
    )
    const { transactionId, result } = outcome
    const value = `saved under ${transactionId}`
    expect(outcome).toMatchObject({ decision: 'commit', confirmed: true, value, result: { status: 'ok' } })
    expect(transactionId).toBe(result.messageId)
    const [received, ...others] = await readAll(client, orders, { atLeast: 1 })
    expect(others).toEqual([])
    expect(received).toMatchObject({ body: { id: 7 }, tag: 'new', keys: ['order-7'], shardKey: 'k' })
    expect(received).toMatchObject({ properties: { user_id: 'u1' }, messageId: transactionId, bornAt: result.sentAt })
  })

  it('shows nothing before it is committed, also to a consumer that waits for it', async () => {
    const orders = await orderTopic()
    await using client = quietClient(cluster)
    const producer = transactional(client)
    const seen: string[] = []
    const consumer = client.consumer({ group: unique('g'), subscribe: [on(orders)], startFrom: 'first' })
    const arrival = firstValueFrom(consumer.process$(() => void seen.push('message')))
    const { confirmed } = await producer.sendInTransaction(message(orders, { id: 1 }), async () => {
      await new Promise(resolve => setTimeout(resolve, 500)) // time enough to see it, if it could be seen
      expect(await storedCount(client, orders.name)).toBe(0)
      seen.push('local part')
    })
    expect(confirmed).toBe(true)
    await arrival
    expect(seen).toEqual(['local part', 'message'])
  })

  it('that is rolled back shows nothing, and is not asked about', async () => {
    const orders = await orderTopic()
    await using client = quietClient(cluster)
    const asked: TransactionCheck[] = []
    const producer = transactional(client, {
      check: check => {
        asked.push(check)
        return 'commit'
      },
    })
    const outcome = await producer.sendInTransaction(
      message(orders, { id: 2 }),
      () => of('not paid'),
      paid => (paid === 'paid' ? 'commit' : 'rollback'),
    )
    expect(outcome).toMatchObject({ decision: 'rollback', value: 'not paid', confirmed: true })
    await lookedThrough(client, orders)
    expect([asked.length, await storedCount(client, orders.name)]).toEqual([0, 0])
  })

  it('whose local part fails is unknown: the check-back decides, here by what the local part had done before', async () => {
    const orders = await orderTopic()
    await using client = quietClient(cluster)
    const saved = new Set<string>()
    const producer = transactional(client, {
      check: ({ transactionId }) => Promise.resolve(saved.has(transactionId) ? 'commit' : 'unknown'),
    })
    const decided = answeredWith(producer.checks$, 'commit')
    const outcome = await producer.sendInTransaction(message(orders, { id: 3 }), ({ transactionId }) => {
      saved.add(transactionId)
      throw new Error('the answer of the database got lost')
    })
    expect(outcome).toMatchObject({ decision: 'unknown', confirmed: true })
    expect((outcome.localError as Error).message).toBe('the answer of the database got lost')
    const { check } = await decided
    expect(check).toMatchObject({ transactionId: outcome.transactionId, messageId: outcome.result.messageId })
    expect(check.checkTimes).toBeGreaterThan(0)
    expect(await settledCount(client, orders.name, 1)).toBe(1)
    const stats = await firstValueFrom(producer.transactionStats$)
    expect(stats).toMatchObject({ total: 1, committed: 0, rolledBack: 0, unknown: 1, open: 0 })
    expect(stats.averageCheckTimes).toBeGreaterThanOrEqual(1)
  })

  it('whose local error means "nothing was done" is rolled back at once, if the producer says so', async () => {
    const orders = await orderTopic()
    await using client = quietClient(cluster)
    const producer = transactional(client, {
      onLocalError: error => (error instanceof RangeError ? 'rollback' : 'unknown'),
    })
    const outcome = await producer.sendInTransaction(message(orders, { id: 4 }), () =>
      throwError(() => new RangeError('no such account')),
    )
    expect(outcome).toMatchObject({ decision: 'rollback', confirmed: true })
  })

  it('that cannot decide yet is asked about until it can', async () => {
    const orders = await orderTopic()
    await using client = quietClient(cluster)
    const answers: Decision[] = ['unknown', 'commit']
    const producer = transactional(client, { check: () => answers.shift() ?? 'commit' })
    const decided = answeredWith(producer.checks$, 'commit')
    await producer.sendInTransaction(
      message(orders, { id: 5 }),
      () => of('later'),
      () => 'unknown',
    )
    expect((await decided).check.checkTimes).toBeGreaterThanOrEqual(2)
    expect(await settledCount(client, orders.name, 1)).toBe(1)
  })

  it('that takes longer than brokers wait is not asked about while it runs, and shows its message once', async () => {
    const orders = await orderTopic()
    await using client = quietClient(cluster)
    const asked: string[] = []
    const producer = transactional(client, {
      check: ({ transactionId }) => {
        asked.push(transactionId)
        return 'rollback' // as far as the database tells, nothing has happened yet
      },
    })
    const sending = producer.sendInTransaction(message(orders, { id: 6 }), () =>
      concat(
        defer(() => firstValueFrom(producer.checks$)),
        timer(200),
      ),
    )
    await firstWhere(producer.checks$, ({ decision }) => decision === 'unknown')
    expect(producer.openTransactions()).toMatchObject([{ topic: orders.name, expired: false, checks: 1 }])
    expect(await sending).toMatchObject({ decision: 'commit', confirmed: true })
    expect(await settledCount(client, orders.name, 1)).toBe(1)
    await lookedThrough(client, orders)
    expect([asked, await storedCount(client, orders.name)]).toEqual([[], 1])
  })
})

describe('a crash between the half message and its end', () => {
  it('is resolved by another member of the group, which has sent nothing itself', async () => {
    const orders = await orderTopic()
    const group = unique('tx')
    const saved = new Set<string>()
    const crashing = quietClient(cluster)
    const half = new Promise<string>(resolve => {
      const left = transactional(crashing, { group })
        .sendInTransaction$(message(orders, { id: 8 }, { tag: 'new' }), ({ transactionId }) => {
          saved.add(transactionId)
          queueMicrotask(() => {
            left.unsubscribe()
            resolve(transactionId)
          })
          return NEVER
        })
        .subscribe()
    })
    const transactionId = await half
    await crashing.close()
    await using other = quietClient(cluster)
    expect(await storedCount(other, orders.name)).toBe(0)
    const heir = transactional(other, {
      group,
      check: check => of(saved.has(check.transactionId) ? 'commit' : 'rollback'),
    })
    const decided = answeredWith(heir.checks$, 'commit')
    await heir.ready()
    const { check } = await decided
    expect(check).toMatchObject({ transactionId, producerGroup: group, brokerAddress: cluster.brokers[0] })
    expect(check.message).toMatchObject({ topic: orders.name, tag: 'new', messageId: transactionId })
    expect(orders.codec.decode(check.message.body)).toEqual({ id: 8 })
    const [received, ...others] = await readAll(other, orders, { atLeast: 1 })
    expect(others).toEqual([])
    expect(received).toMatchObject({ body: { id: 8 }, messageId: transactionId })
    expect(await firstValueFrom(heir.transactionStats$)).toMatchObject({ total: 0, committed: 0 })
  })
})

describe('a check that fails', () => {
  it('answers "unknown", tells why, and is asked again', async () => {
    const orders = await orderTopic()
    await using client = quietClient(cluster)
    const events = eventsOf(client)
    let calls = 0
    const producer = transactional(client, {
      check: () => (++calls === 1 ? throwError(() => new Error('no database')) : of('rollback')),
    })
    const decided = answeredWith(producer.checks$, 'rollback')
    const { transactionId } = await producer.sendInTransaction(
      message(orders, { id: 10 }),
      () => undefined,
      () => 'unknown',
    )
    await decided
    expect(ofType(events, 'transaction-failure')).toMatchObject([{ where: 'check', transactionId }])
    expect(await storedCount(client, orders.name)).toBe(0)
  })
})

describe('a transactional producer', () => {
  it('sends ordinary messages, too', async () => {
    const orders = await orderTopic()
    await using client = quietClient(cluster)
    await transactional(client).send(message(orders, { id: 11 }))
    expect(await readAll(client, orders, { atLeast: 1 })).toMatchObject([{ body: { id: 11 } }])
  })

  it('refuses a message that is to be delayed: brokers would lose it', async () => {
    const orders = await orderTopic()
    await using client = quietClient(cluster)
    let ran = false
    const local = () => of((ran = true))
    const sending = transactional(client).sendInTransaction(message(orders, { id: 12 }, { delayLevel: 1 }), local)
    expect(await failureOf(sending)).toMatchObject({ code: 'ERR_RMQ_ILLEGAL', sent: 'no', topic: orders.name })
    expect(ran).toBe(false)
  })

  it('commits to a topic that its half message created', async () => {
    const fresh = topic(unique('fresh'), codecs.json<Order>())
    await using client = quietClient(cluster)
    const outcome = await transactional(client).sendInTransaction(message(fresh, { id: 13 }), () => undefined)
    expect(outcome).toMatchObject({ decision: 'commit', confirmed: true })
    expect(await readAll(client, fresh, { atLeast: 1 })).toMatchObject([{ body: { id: 13 } }])
  })
})

describe('a transaction whose broker dies before it heard of the end', () => {
  it('is asked about by the broker once that is back', async () => {
    const orders = await orderTopic()
    await using client = quietClient(cluster)
    const events = eventsOf(client)
    const producer = transactional(client, { check: () => 'commit' })
    const decided = answeredWith(producer.checks$, 'commit')
    const outcome = await producer.sendInTransaction(message(orders, { id: 9 }), async () => {
      const lost = firstWhere(client.events$, event => event.type === 'connection-state' && event.state !== 'connected')
      await Promise.all([lost, cluster.killBroker()])
    })
    expect(outcome).toMatchObject({ decision: 'commit', confirmed: false })
    expect(ofType(events, 'transaction-failure')).toMatchObject([
      { where: 'end', transactionId: outcome.transactionId },
    ])
    await cluster.restartBroker()
    await decided
    expect(await settledCount(client, orders.name, 1)).toBe(1)
  })
})
