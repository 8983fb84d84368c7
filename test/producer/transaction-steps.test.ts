import { lastValueFrom, NEVER, timer } from 'rxjs'
import { afterEach, expect, it } from 'vitest'
import { createClient, message, topic } from '../../src/index.ts'
import type { Client, Decision, LocalPart } from '../../src/index.ts'
import { RESPONSE } from '../../src/protocol/responses.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { fakeCluster, storedAnswer } from '../support/fake-cluster.ts'
import { fakeTransport } from '../support/fake-transport.ts'

const clients: Client[] = []
afterEach(async () => {
  await Promise.all(clients.splice(0).map(client => client.close({ drainMs: 0 })))
})

/** The steps of one transaction, and its id. */
const stepsOf = async (local: LocalPart<unknown>, decide?: () => Decision, halfCode: number = RESPONSE.SUCCESS) => {
  const instead = { [REQUESTS.SEND_MESSAGE_V2.code]: () => [storedAnswer(0, halfCode)] }
  const client = createClient({ nameServers: 'n:1', logger: false, runtime: { transport: fakeTransport(fakeCluster({ instead })) } }) // prettier-ignore
  clients.push(client)
  const producer = client.transactionalProducer({ group: 'tx', check: () => 'rollback' })
  const steps: string[] = []
  producer.transactions$.subscribe(({ state, transactionId, topic: name, brokerName }) => {
    steps.push(`${state} ${transactionId === '' ? 'without id' : 'with id'} ${name} ${brokerName}`)
  })
  const running = producer
    .sendInTransaction$(message(topic('t'), Buffer.from('x')), local, decide)
    .subscribe({ error: () => undefined })
  await lastValueFrom(timer(20))
  running.unsubscribe()
  return steps.map(step => step.replace(' with id t a', ''))
}

it.each<[string, Parameters<typeof stepsOf>, readonly string[]]>([
  ['a commit', [() => undefined], ['prepared', 'committed']],
  ['a rollback', [() => undefined, () => 'rollback'], ['prepared', 'rolled-back']],
  ['a decision that is left to check-backs', [() => undefined, () => 'unknown'], ['prepared', 'unknown']],
  ['a local part that fails', [() => { throw new Error('broken') }], ['prepared', 'unknown']], // prettier-ignore
  ['a transaction that is left while its local part runs', [() => NEVER], ['prepared', 'unknown']],
  ['a half message that is not replicated', [() => undefined, undefined, RESPONSE.SLAVE_NOT_AVAILABLE], ['prepared', 'rolled-back']], // prettier-ignore
  ['a half message that is refused', [() => undefined, undefined, RESPONSE.MESSAGE_ILLEGAL], []],
])('the steps of %s', async (_, given, expected) => {
  expect(await stepsOf(...given)).toEqual(expected)
})
