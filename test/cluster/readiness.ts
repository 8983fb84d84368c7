import { setTimeout as sleep } from 'node:timers/promises'
import { ask, askOk } from './ask.ts'
import type { ServerProcess } from './processes.ts'

const POLL_MS = 50
const PATIENCE_MS = 90_000

/** Repeats the attempt until it does not throw; gives up after 90 s, or as soon as `servers` no longer run. */
export async function eventually(
  goal: string,
  servers: readonly ServerProcess[],
  attempt: () => Promise<void>,
): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    try {
      await attempt()
      return
    } catch (error) {
      for (const server of servers) await server.mustRun()
      if (Date.now() > deadline) {
        throw new Error(`After ${PATIENCE_MS / 1_000} s it still was not so that ${goal}: ${String(error)}`, {
          cause: error,
        })
      }
    }
    await sleep(POLL_MS)
  }
}

export async function nameServerReady(nameServer: ServerProcess): Promise<void> {
  await eventually(`${nameServer.name} answers`, [nameServer], async () => {
    await askOk(nameServer.address, 106)
  })
}

/** Ready = it answers, clients can find it, and it stores. */
export async function brokerReady(broker: ServerProcess, nameServer: ServerProcess): Promise<void> {
  await eventually(`${broker.name} answers`, [broker], async () => {
    await askOk(broker.address, 28)
  })
  await eventually(`${broker.name} is registered at the name server`, [broker, nameServer], async () => {
    if (await isRegistered(broker, nameServer)) return
    // A 5.x broker may miss its first registration and then waits 10 s; any change of its configuration is a nudge.
    await ask(broker.address, 25, { body: 'brokerPermission=6' })
    throw new Error('not registered')
  })
  await eventually(`${broker.name} stores`, [broker], async () => {
    await storeProbe(broker.address)
  })
}

async function isRegistered(broker: ServerProcess, nameServer: ServerProcess): Promise<boolean> {
  // The body has integer keys without quotes, so it is searched, not parsed.
  const { body } = await askOk(nameServer.address, 106)
  return body.includes(`"${broker.address}"`)
}

/** A message to the topic that every broker brings along. */
async function storeProbe(address: string): Promise<void> {
  await sendRaw(address, 'BenchmarkTest', 'probe')
}

/** Stores one message in queue 0 of the topic. */
export async function sendRaw(address: string, topic: string, body: string): Promise<void> {
  const ext = {
    producerGroup: 'probe',
    topic,
    defaultTopic: 'TBW102',
    defaultTopicQueueNums: '4',
    queueId: '0',
    sysFlag: '0',
    bornTimestamp: String(Date.now()),
    flag: '0',
    properties: '',
    reconsumeTimes: '0',
    unitMode: 'false',
    batch: 'false',
  }
  await askOk(address, 10, { ext, body })
}
