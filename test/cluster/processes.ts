import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { javaArguments, LOGBACK_CONFIG } from './config-files.ts'
import type { Guard } from './guard.ts'
import { lastLines } from './last-lines.ts'
import { hasState } from './process-state.ts'
import { removeUnbornFiles } from './unborn-files.ts'

const MAIN_CLASSES = {
  namesrv: 'org.apache.rocketmq.namesrv.NamesrvStartup',
  broker: 'org.apache.rocketmq.broker.BrokerStartup',
} as const

export interface ServerSpec {
  readonly name: string
  readonly kind: keyof typeof MAIN_CLASSES
  readonly address: string
  /** Folder of everything that this server reads and writes. */
  readonly home: string
  /** More files of its `conf` folder. Default: none. */
  readonly files?: Readonly<Record<string, string>>
  readonly config: string
}

/** What runs every server: the `java` found, the jars, and who cleans up after us. */
export interface ServerRuntime {
  readonly java: string
  readonly classPath: string
  readonly guard: Guard
}

/** A server's port had been taken by somebody else between our test and its start. */
export class PortTakenError extends Error {}

/** One JVM with a name server or a broker, which may start, die and start again in the same folder. */
export class ServerProcess {
  readonly name: string
  readonly address: string
  readonly #spec: ServerSpec
  readonly #runtime: ServerRuntime
  #child: ChildProcess | undefined
  #exit: Promise<string> = Promise.resolve('never started')
  #status: string | undefined = 'never started'

  constructor(spec: ServerSpec, runtime: ServerRuntime) {
    this.name = spec.name
    this.address = spec.address
    this.#spec = spec
    this.#runtime = runtime
  }

  get pid(): number | undefined {
    return this.isRunning ? this.#child?.pid : undefined
  }

  get isRunning(): boolean {
    return this.#status === undefined
  }

  /** Resolves once the process exists; whether it serves is for the readiness probes to say. */
  async start(): Promise<void> {
    if (this.isRunning) throw new Error(`${this.name} is running already`)
    await this.#writeFiles()
    const { home, kind } = this.#spec
    const output = openSync(this.#outputFile, 'w')
    const child = spawn(this.#runtime.java, ['@java.args', MAIN_CLASSES[kind], '-c', `conf/${kind}.conf`], {
      cwd: home,
      detached: true,
      stdio: ['ignore', output, output],
    })
    closeSync(output)
    this.#child = child
    this.#status = undefined
    this.#exit = new Promise(resolve => {
      const ended = (status: string) => {
        this.#status = status
        if (child.pid !== undefined) this.#runtime.guard.ended(child.pid)
        resolve(status)
      }
      child.once('exit', (code, signal) => ended(signal ?? `status ${code ?? 'unknown'}`))
      child.once('error', error => ended(error.message))
    })
    if (child.pid !== undefined) this.#runtime.guard.started(child.pid)
    child.unref()
  }

  /** Throws when the process has ended, with what it printed last. */
  async mustRun(): Promise<void> {
    if (this.isRunning) return
    const output = await readFile(this.#outputFile, 'utf8').catch(() => '')
    const message = `${this.name} ended (${this.#status ?? ''}); it printed last:\n${lastLines(output)}`
    throw output.includes('Address already in use') ? new PortTakenError(message) : new Error(message)
  }

  /** SIGKILL; a paused process dies as well. What it leaves, it can start with again. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
    await removeUnbornFiles(join(this.#spec.home, 'store'))
  }

  /** SIGTERM; a paused process notices it only when it goes on. */
  async terminate(): Promise<void> {
    await this.#end('SIGTERM', 'SIGCONT')
  }

  /** SIGSTOP; resolves once every thread stands still, so that nothing asked from then on is answered. */
  async pause(): Promise<void> {
    await this.#signal('SIGSTOP', 'stopped')
  }

  /** SIGCONT. */
  async resume(): Promise<void> {
    await this.#signal('SIGCONT', 'running')
  }

  async #end(...signals: readonly NodeJS.Signals[]): Promise<void> {
    if (!this.isRunning) return
    this.#child?.ref()
    for (const signal of signals) this.#child?.kill(signal)
    await this.#exit
  }

  async #signal(signal: NodeJS.Signals, state: 'stopped' | 'running'): Promise<void> {
    const { pid } = this
    if (pid === undefined) throw new Error(`${this.name} is not running`)
    this.#child?.kill(signal)
    await hasState(pid, state)
  }

  get #outputFile(): string {
    return join(this.#spec.home, 'out')
  }

  /** Before every start, because a broker rewrites its file when somebody changes its configuration (request 25). */
  async #writeFiles(): Promise<void> {
    const { home, kind, config, files = {} } = this.#spec
    const logback = `conf/logback_${kind}.xml`
    await mkdir(join(home, 'conf'), { recursive: true })
    await mkdir(join(home, 'tmp'), { recursive: true })
    await writeFile(join(home, `conf/${kind}.conf`), config)
    for (const [name, text] of Object.entries(files)) await writeFile(join(home, 'conf', name), text)
    await writeFile(join(home, logback), LOGBACK_CONFIG)
    await writeFile(join(home, 'java.args'), javaArguments(home, logback, this.#runtime.classPath))
  }
}
