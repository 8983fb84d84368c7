import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { QUICK_DELAY_LEVELS, type TestCluster, type TestClusterOptions } from '../support/test-cluster.ts'
import { createGroupAt, createTopicAt } from './administration.ts'
import { accountsConfig, brokerConfig, nameServerConfig } from './config-files.ts'
import { Guard } from './guard.ts'
import { serverClassPath } from './maven.ts'
import { type ClusterPorts, freeClusterPorts } from './ports.ts'
import { PortTakenError, ServerProcess, type ServerRuntime } from './processes.ts'
import { brokerReady, nameServerReady } from './readiness.ts'
import { signAsksTo } from './sign.ts'
import { findJava } from './tools.ts'

const DEFAULT_VERSION = '5.3.3'
const ATTEMPTS = 5

export interface RealClusterOptions extends TestClusterOptions {
  /** Version of Apache RocketMQ, default the environment's `ROCKETMQ_VERSION`, else 5.3.3. */
  readonly version?: string
}

/** Starts one name server and the brokers, all on 127.0.0.1; resolves once every broker can be found and stores. */
export async function startRealCluster(options: RealClusterOptions = {}): Promise<RealCluster> {
  const version = options.version ?? (process.env['ROCKETMQ_VERSION'] || DEFAULT_VERSION)
  const java = await findJava()
  const classPath = await serverClassPath(version)
  for (let attempt = 1; ; attempt++) {
    const folder = await mkdtemp(join(tmpdir(), 'rocketmq-cluster-'))
    const runtime = { java, classPath, guard: new Guard(folder) }
    const ports = await freeClusterPorts(options.brokers ?? 1)
    const cluster = new RealCluster({ version, folder, ports, runtime, options })
    try {
      await cluster.start()
      return cluster
    } catch (error) {
      await cluster.stop()
      if (!(error instanceof PortTakenError) || attempt === ATTEMPTS) throw error
    }
  }
}

interface ClusterPlan {
  readonly version: string
  readonly folder: string
  readonly ports: ClusterPorts
  readonly runtime: ServerRuntime
  readonly options: TestClusterOptions
}

export class RealCluster implements TestCluster {
  readonly kind = 'real'
  readonly version: string
  /** Where all files of the cluster are until `stop()`. */
  readonly folder: string
  readonly #guard: Guard
  readonly #nameServer: ServerProcess
  readonly #brokers: readonly ServerProcess[]

  constructor({ version, folder, ports, runtime, options }: ClusterPlan) {
    this.version = version
    this.folder = folder
    this.#guard = runtime.guard
    const nameServer = `127.0.0.1:${ports.nameServer}`
    const nameServerHome = join(folder, 'namesrv')
    this.#nameServer = new ServerProcess(
      {
        name: 'the name server',
        kind: 'namesrv',
        address: nameServer,
        home: nameServerHome,
        config: nameServerConfig(nameServerHome, ports.nameServer),
      },
      runtime,
    )
    const { credentials } = options
    this.#brokers = ports.brokers.map((port, index) => {
      const name = `broker-${String.fromCharCode('a'.charCodeAt(0) + index)}`
      const home = join(folder, name)
      const config = brokerConfig(home, {
        name,
        port,
        nameServer,
        delayLevels: options.delayLevels ?? QUICK_DELAY_LEVELS,
        autoCreateTopics: options.autoCreateTopics ?? true,
        enablePropertyFilter: options.enablePropertyFilter ?? true,
        credentials,
      })
      const address = `127.0.0.1:${port}`
      if (credentials !== undefined) signAsksTo(address, credentials)
      const files = credentials === undefined ? {} : { 'plain_acl.yml': accountsConfig(credentials) }
      return new ServerProcess({ name, kind: 'broker', address, home, config, files }, runtime)
    })
  }

  get nameServers(): readonly string[] {
    return [this.#nameServer.address]
  }

  get brokers(): readonly string[] {
    return this.#brokers.map(broker => broker.address)
  }

  /** Of all servers that run, paused ones included. */
  get processIds(): readonly number[] {
    return [this.#nameServer, ...this.#brokers].flatMap(server => server.pid ?? [])
  }

  async start(): Promise<void> {
    // All at once: a broker takes longer than the name server, and is told to register again where it comes too early.
    for (const server of [this.#nameServer, ...this.#brokers]) await server.start()
    await nameServerReady(this.#nameServer)
    for (const broker of this.#brokers) await brokerReady(broker, this.#nameServer)
    // On a port that somebody else took, it may have been the other's server that answered so far.
    for (const server of [this.#nameServer, ...this.#brokers]) await server.mustRun()
  }

  createTopic(topic: string, { queues = 4 }: { readonly queues?: number } = {}): Promise<void> {
    return createTopicAt({ nameServer: this.#nameServer.address, brokers: this.brokers }, topic, queues, [
      this.#nameServer,
    ])
  }

  createGroup(group: string, { retryMaxTimes = 16 }: { readonly retryMaxTimes?: number } = {}): Promise<void> {
    return createGroupAt(this.brokers, group, retryMaxTimes)
  }

  async killBroker(index = 0): Promise<void> {
    await this.#broker(index).kill()
  }

  async restartBroker(index = 0): Promise<void> {
    const broker = this.#broker(index)
    await broker.start()
    await brokerReady(broker, this.#nameServer)
  }

  async stopBroker(index = 0): Promise<void> {
    await this.#broker(index).terminate()
  }

  async pauseBroker(index = 0): Promise<void> {
    await this.#broker(index).pause()
  }

  async resumeBroker(index = 0): Promise<void> {
    await this.#broker(index).resume()
  }

  async stop(): Promise<void> {
    await Promise.all([this.#nameServer, ...this.#brokers].map(server => server.kill()))
    await this.#guard.close()
    await rm(this.folder, { recursive: true, force: true })
  }

  #broker(index: number): ServerProcess {
    const broker = this.#brokers[index]
    if (broker === undefined) throw new RangeError(`there is no broker ${index}`)
    return broker
  }
}
