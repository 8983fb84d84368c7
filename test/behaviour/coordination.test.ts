import { filter, firstValueFrom, timeout } from 'rxjs'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { codecs, message, on, topic, topicCoordinator } from '../../src/index.ts'
import type { BrokerOutcome, Select } from '../../src/index.ts'
import { killChildren, startChild } from '../cli/child.ts'
import { coordinatorAt, heardBy, listening, outcomesTopic } from '../support/coordinators.ts'
import { failureOf, thrownBy } from '../support/failure.ts'
import { firstWhere } from '../support/first-where.ts'
import { eventsOf, ofType, PATIENT, quietClient } from '../support/quiet-client.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'
import { unhandledErrors } from '../support/unhandled-errors.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget({ brokers: 2 })
})
afterEach(killChildren)
afterAll(() => cluster.stop())

unhandledErrors()

const B = 'broker-b'
const HEALTH = { unhealthyAfter: 3, degradedAfter: 2, probeMs: 1_000 }

const textTopic = async (prefix: string) => {
  const texts = topic(unique(prefix), codecs.text)
  await cluster.createTopic(texts.name, { queues: 2 })
  return texts
}
const outcome = (n: number): BrokerOutcome => ({ clientId: `c${n}`, brokerName: B, ok: false })

it('what one process sees failing another one avoids, which has not sent there', async () => {
  const texts = await textTopic('texts')
  const name = await outcomesTopic(cluster)
  await using coordinator = coordinatorAt(cluster, name)
  await using client = quietClient(cluster, { coordinator, health: HEALTH })
  const events = eventsOf(client)
  const producer = client.producer(PATIENT)
  await producer.warmup([texts], { timeoutMs: 30_000 })
  const args = [cluster.nameServers.join(';'), texts.name, name]
  const other = startChild('test/behaviour/programs/listener.mjs', { args })
  await other.wrote('stdout', /knows the brokers/)
  await listening(cluster, name)
  await cluster.pauseBroker(1) // its route stays: only what comes of sends tells
  try {
    const select: Select = ({ queues }) => queues.find(({ brokerName }) => brokerName === B)
    const lost = Array.from({ length: 3 }, () => producer.send(message(texts, 'x'), { select, timeoutMs: 500 }))
    for (const { code } of await Promise.all(lost.map(failureOf))) expect(code).toBe('ERR_RMQ_TIMEOUT')
    expect(await other.ended).toMatchObject({
      code: 0,
      stdout: `knows the brokers\n${B} is ill, and 0 were sent\nwent to broker-a 1\n`,
      stderr: '',
    })
  } finally {
    await cluster.resumeBroker(1)
  }
  await firstWhere(client.health$, table => table.get(B)?.state === 'healthy')
  expect(ofType(events, 'coordinator-failed').filter(({ error }) => !/within|connection/.test(String(error)))).toEqual(
    [],
  )
})

it('one’s own messages come back unheard, and those of others as they were told, each as often', async () => {
  const name = await outcomesTopic(cluster)
  await listening(cluster, name)
  await using one = coordinatorAt(cluster, name)
  await using two = coordinatorAt(cluster, name)
  const heardByOne = heardBy(one)
  const heardByTwo = heardBy(two)
  await expect
    .poll(() => {
      if (!heardByTwo.includes('c1')) one.publish(outcome(1))
      if (!heardByOne.includes('c2')) two.publish(outcome(2))
      return heardByTwo.includes('c1') && heardByOne.includes('c2')
    })
    .toBe(true)
  heardByOne.length = 0
  for (let n = 0; n < 3; n++) one.publish(outcome(3))
  const own = () => heardByOne.filter(id => id === 'c3')
  const others = () => heardByTwo.filter(id => id === 'c3')
  expect(own()).toHaveLength(3) // its clients hear each other at once
  await expect.poll(others).toHaveLength(3)
  expect(own()).toHaveLength(3)
})

it('what else is on the topic is ignored, and the clients tell so as an event', async () => {
  const name = await outcomesTopic(cluster)
  await using coordinator = coordinatorAt(cluster, name)
  await using client = quietClient(cluster, { coordinator })
  const events = eventsOf(client)
  const rubbish = () => client.producer(PATIENT).send(message(topic(name, codecs.text), '{"hello":1}'))
  await expect
    .poll(async () => {
      await rubbish()
      return ofType(events, 'coordinator-failed').map(({ error }) => String(error))
    })
    .toEqual(expect.arrayContaining([expect.stringMatching(/messages of topic ".*" were ignored: .* is no JSON/)]))
})

it('it leaves with the last client, comes back with the next one, and is over when it is closed', async () => {
  const name = await outcomesTopic(cluster)
  await using other = coordinatorAt(cluster, name)
  const heard = heardBy(other)
  await using coordinator = coordinatorAt(cluster, name)
  for (const n of [1, 2]) {
    const client = quietClient(cluster, { coordinator })
    await expect
      .poll(() => {
        coordinator.publish(outcome(n))
        return heard.includes(`c${n}`)
      })
      .toBe(true)
    await client.close()
    coordinator.publish(outcome(7)) // nobody is there who would tell it
  }
  await using last = quietClient(cluster, { coordinator })
  const over = firstValueFrom(
    coordinator.outcomes$.pipe(
      filter(() => false),
      timeout(20_000),
    ),
    { defaultValue: 'over' },
  )
  await coordinator.close()
  expect(await over).toBe('over')
  coordinator.publish(outcome(8))
  other.publish(outcome(9))
  await last.close()
  expect(heard.filter(id => id === 'c7' || id === 'c8')).toEqual([])
})

it('a topic that is not there is told, and no client is harmed', async () => {
  await using coordinator = coordinatorAt(cluster, unique('nowhere'))
  await using client = quietClient(cluster, { coordinator })
  const { error } = await firstValueFrom(client.events$.pipe(filter(event => event.type === 'coordinator-failed')))
  expect(error).toMatchObject({ code: 'ERR_RMQ_ROUTE_NOT_FOUND' })
  const texts = await textTopic('texts')
  expect(await client.producer(PATIENT).send(message(texts, 'x'))).toMatchObject({ status: 'ok' })
})

it('a group that others use for something else is told: they would lose messages', async () => {
  const texts = await textTopic('texts')
  const group = unique('taken')
  await using client = quietClient(cluster, { timing: { heartbeatMs: 300 } })
  const theirs = client.consumer({ group, subscribe: [on(texts)] }).process$(() => undefined)
  const consuming = theirs.subscribe({ error: () => undefined })
  await firstWhere(client.events$, ({ type }) => type === 'heartbeat-confirmed')
  const config = { nameServers: cluster.nameServers, timing: { heartbeatMs: 500 } } // brokers tell of the latest
  await using coordinator = topicCoordinator(config, { topic: await outcomesTopic(cluster), group })
  // The first telling may miss it: of the group's kind a broker knows what the latest heartbeat said.
  const told = firstWhere(coordinator.failures$, error =>
    String(error).includes(`group "${group}": this member consumes`),
  )
  coordinator.outcomes$.subscribe()
  expect(await told).toMatchObject({ code: 'ERR_RMQ_ILLEGAL', advice: 'give coordinators a group of their own' })
  expect(String(await told)).toContain('BROADCASTING')
  consuming.unsubscribe()
})

it('wrong options are refused where they are given', () => {
  for (const theirs of ['SCHEDULE_TOPIC_XXXX', 'RMQ_SYS_TRACE_TOPIC', '%RETRY%g', '%DLQ%g'])
    expect(thrownBy(() => topicCoordinator({ nameServers: 'n:1' }, { topic: theirs })).message).toMatch(/of their own/)
  const wrong = { topic: 'a b', group: '', everyMs: 5 }
  expect(thrownBy(() => topicCoordinator({ nameServers: 5 as never }, wrong)).problems).toHaveLength(4)
  expect(
    thrownBy(() => topicCoordinator({ nameServers: 'n:1' }, { ...wrong, tpoic: 1 } as object)).problems,
  ).toHaveLength(4)
})
