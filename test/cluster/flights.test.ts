import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { startRealCluster } from './real-cluster.ts'

const FLIGHTS = fileURLToPath(new URL('../../dist-examples/00-flights.js', import.meta.url))

it('accounts for every flight of the main job on real RocketMQ', async () => {
  const cluster = await startRealCluster()
  try {
    const env = { ...process.env, ROCKETMQ_NAMESRV_ADDR: cluster.nameServers.join(';') }
    const { stdout } = await promisify(execFile)(process.execPath, [FLIGHTS, '--json'], { env, timeout: 180_000 })
    const flawless = { sent: 20_000, received: 20_000, lost: 0, duplicated: 0, outOfOrder: 0, target: 'cluster' }
    expect(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')).toMatchObject(flawless)
  } finally {
    await cluster.stop()
  }
}, 300_000)
