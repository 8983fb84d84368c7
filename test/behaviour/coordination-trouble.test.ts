import { asyncScheduler, firstValueFrom, of, timer } from 'rxjs'
import type { SchedulerLike } from 'rxjs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { codecs, isRocketError, message, topic } from '../../src/index.ts'
import type { TopicCoordinator } from '../../src/index.ts'
import { coordinatorAt, heardBy, listening, outcomesTopic } from '../support/coordinators.ts'
import { firstWhere } from '../support/first-where.ts'
import { PATIENT, quietClient } from '../support/quiet-client.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'
import { unhandledErrors } from '../support/unhandled-errors.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget({ own: true })
})
afterAll(() => cluster.stop())

unhandledErrors()

const A = 'broker-a'
const failed = (clientId: string) => ({ clientId, brokerName: A, ok: false })
const quiet = (ms: number) => firstValueFrom(timer(ms))
const failuresOf = ({ failures$ }: TopicCoordinator): string[] => {
  const told: string[] = []
  failures$.subscribe(error => told.push(isRocketError(error) ? error.code : String(error)))
  return told
}

it('nothing is opened before somebody listens, and nobody is told anything while they subscribe', async () => {
  let asked = 0
  const nameServers = () => {
    asked++
    return of(cluster.nameServers)
  }
  await using coordinator = coordinatorAt(cluster, await outcomesTopic(cluster), { nameServers })
  coordinator.publish(failed('early'))
  await quiet(300)
  expect(asked).toBe(0)
  const heard = heardBy(coordinator)
  expect(heard).toEqual([])
  await expect.poll(() => asked).toBeGreaterThan(0)
})

it('what is heard is told to nobody again, whatever it does to the clients that hear it', async () => {
  const name = await outcomesTopic(cluster)
  const texts = topic(unique('texts'), codecs.text)
  await cluster.createTopic(texts.name)
  await using listener = coordinatorAt(cluster, name)
  const heard = heardBy(listener)
  await using middle = coordinatorAt(cluster, name)
  await using client = quietClient(cluster, { coordinator: middle })
  await client.producer().warmup([texts])
  await listening(cluster, name)
  heard.length = 0
  await using first = coordinatorAt(cluster, name)
  first.outcomes$.subscribe()
  for (let n = 0; n < 3; n++) first.publish(failed('first'))
  await firstWhere(client.health$, table => table.get(A)?.state === 'degraded')
  await quiet(1_000)
  expect(heard).toEqual(['first', 'first', 'first'])
})

it('what was overtaken by later news of the same process is no news any more', async () => {
  const name = await outcomesTopic(cluster, 1)
  await using coordinator = coordinatorAt(cluster, name)
  const heard = heardBy(coordinator)
  await listening(cluster, name)
  await using client = quietClient(cluster)
  const told = topic(name, codecs.json<object>())
  for (const no of [2, 1, 2, 3]) {
    const runs = [{ ...failed(`as of ${no}`), count: 1 }]
    await client.producer(PATIENT).send(message(told, { v: 1, from: 'a process', no, runs }))
  }
  await expect.poll(() => heard).toContain('as of 3')
  expect(heard.filter(id => id.startsWith('as of'))).toEqual(['as of 2', 'as of 3'])
})

it('a process whose clock goes wrong says so and hears nobody; the others hear it', async () => {
  const name = await outcomesTopic(cluster)
  const ahead: SchedulerLike = {
    now: () => Date.now() + 60_000,
    schedule: asyncScheduler.schedule.bind(asyncScheduler),
  }
  await using wrong = coordinatorAt(cluster, name, { runtime: { scheduler: ahead } })
  await using right = coordinatorAt(cluster, name)
  const complaints: string[] = []
  wrong.failures$.subscribe(error => complaints.push(String(error)))
  const [heardByWrong, heardByRight] = [heardBy(wrong), heardBy(right)]
  await expect
    .poll(() => {
      wrong.publish(failed('wrong'))
      right.publish(failed('right'))
      return heardByRight.includes('wrong') && complaints.length > 0
    })
    .toBe(true)
  expect(complaints.join()).toMatch(/ms old, the limit is 30000: does a clock go wrong\?/)
  expect(heardByWrong).not.toContain('right')
})

it('a client id may be as long as its user likes', async () => {
  const name = await outcomesTopic(cluster)
  await using one = coordinatorAt(cluster, name)
  await using other = coordinatorAt(cluster, name)
  const heard = heardBy(other)
  one.outcomes$.subscribe()
  await expect
    .poll(() => {
      one.publish(failed('x'.repeat(1_000)))
      return heard[0]
    })
    .toBe('x'.repeat(255))
})

it('while no broker is there each kind of failure is told once, and when one is back outcomes are shared again', async () => {
  const name = await outcomesTopic(cluster)
  await using one = coordinatorAt(cluster, name)
  await using other = coordinatorAt(cluster, name)
  const heard = heardBy(other)
  one.outcomes$.subscribe()
  await listening(cluster, name)
  const failures = failuresOf(one)
  await cluster.killBroker()
  try {
    for (let n = 0; n < 30; n++) {
      one.publish(failed('during'))
      await quiet(100)
    }
    expect(failures.length).toBeGreaterThan(0)
    expect([...new Set(failures)]).toEqual(failures) // of some thirty messages and many pulls
  } finally {
    await cluster.restartBroker()
  }
  await expect
    .poll(
      () => {
        one.publish(failed('after'))
        return heard.includes('after')
      },
      { timeout: 40_000 },
    )
    .toBe(true)
})

it('closing takes a few seconds at most when brokers do not answer any more, also twice at once', async () => {
  const name = await outcomesTopic(cluster)
  const coordinator = coordinatorAt(cluster, name)
  coordinator.outcomes$.subscribe()
  await listening(cluster, name)
  await cluster.pauseBroker()
  try {
    coordinator.publish(failed('last'))
    const begun = performance.now()
    await Promise.all([coordinator.close(), coordinator.close()])
    expect(performance.now() - begun).toBeLessThan(5_000)
  } finally {
    await cluster.resumeBroker()
  }
})
