import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Guard } from './guard.ts'
import { programClassPath } from './java-program.ts'
import { lastLines } from './last-lines.ts'
import { findJava } from './tools.ts'

/** Our Java program: commands and answers, one line of JSON each, and lines that it writes by itself. */
export interface JavaProcess {
  /** Carried out one after the other. Rejects with what the command threw. */
  ask(command: string, parameters: object): Promise<unknown>
  stop(): Promise<void>
}

interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}

const FLAGS = [
  '-Xms32m',
  '-Xmx160m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-XX:-UsePerfData',
  // How long a consumer waits at most, and at least, before it looks again which queues are its.
  '-Drocketmq.client.rebalance.waitInterval=500',
  '-Drocketmq.client.rebalance.minInterval=100',
]
const KEPT_OUTPUT = 20_000

/** Starts a JVM with the official client of that version; `onReport` gets what it writes without being asked. */
export async function startJavaProcess(version: string, onReport: (line: unknown) => void): Promise<JavaProcess> {
  const [java, classPath] = [await findJava(), await programClassPath(version)]
  const home = await mkdtemp(join(tmpdir(), 'rocketmq-java-'))
  const guard = new Guard(home)
  // The client keeps its logs and offsets in the home of its user.
  const places = [`-Duser.home=${home}`, `-Djava.io.tmpdir=${home}`]
  const child = spawn(java, [...FLAGS, ...places, '-cp', classPath, 'Client'], { cwd: home })
  if (child.pid !== undefined) guard.started(child.pid)
  const waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>()
  let lastId = 0
  let printed = ''
  let isOver = false

  const end = (why: string) => {
    isOver = true
    if (child.pid !== undefined) guard.ended(child.pid)
    for (const { reject } of waiting.values()) {
      reject(new Error(`the Java client ended (${why}); it printed last:\n${lastLines(printed)}`))
    }
    waiting.clear()
  }
  child.once('close', (code, signal) => end(signal ?? `status ${code ?? 'unknown'}`))
  child.once('error', error => end(error.message))
  child.stdin.on('error', () => undefined)
  child.stderr.on('data', (chunk: Buffer) => {
    printed = (printed + chunk.toString()).slice(-KEPT_OUTPUT)
  })
  createInterface({ input: child.stdout }).on('line', line => {
    const said = JSON.parse(line) as Answer
    const asked = waiting.get(said.id)
    if (asked === undefined) return onReport(said)
    waiting.delete(said.id)
    if (said.error === undefined) asked.resolve(said.result)
    else asked.reject(new Error(said.error))
  })

  return {
    ask: (command, parameters) =>
      new Promise((resolve, reject) => {
        if (isOver) return reject(new Error(`the Java client has ended; it printed last:\n${lastLines(printed)}`))
        lastId += 1
        waiting.set(lastId, { resolve, reject })
        child.stdin.write(`${JSON.stringify({ id: lastId, do: command, ...parameters })}\n`)
      }),
    stop: async () => {
      if (!isOver) {
        const closed = once(child, 'close')
        child.kill('SIGKILL')
        await closed
      }
      await guard.close()
    },
  }
}
