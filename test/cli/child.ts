import { spawn } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** How a child process ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Child {
  readonly process: ChildProcessWithoutNullStreams
  readonly ended: Promise<Ended>
  /** Resolves once a text was written; fails when the child ended before. */
  wrote(stream: 'stdout' | 'stderr', text: RegExp): Promise<string>
  kill(signal: NodeJS.Signals): void
}

export interface ChildOptions {
  readonly args?: readonly string[]
  /** Name servers for ROCKETMQ_NAMESRV_ADDR. Default: none, whatever our own environment says. */
  readonly nameServers?: string
  /** Everything for stdin, which then ends. Default: nothing. */
  readonly input?: string
  /** Leaves the end of stdin to the test. */
  readonly openInput?: boolean
}

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

const running = new Set<ChildProcessWithoutNullStreams>()

/** Starts a compiled script of this repository with node. */
export const startChild = (
  script: string,
  { args = [], nameServers, input = '', openInput = false }: ChildOptions = {},
): Child => {
  const env: NodeJS.ProcessEnv = { ...process.env }
  delete env['ROCKETMQ_NAMESRV_ADDR']
  delete env['NAMESRV_ADDR']
  if (nameServers !== undefined) env['ROCKETMQ_NAMESRV_ADDR'] = nameServers
  const child = spawn(process.execPath, [script, ...args], { cwd: ROOT, env })
  running.add(child)
  const written = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => (written[name] += text))
  }
  child.stdin.on('error', () => undefined) // it may leave before it has read everything
  child.stdin.write(input)
  if (!openInput) child.stdin.end()
  let hasEnded = false
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      hasEnded = true
      running.delete(child)
      resolve({ code, signal, ...written })
    })
  })
  return {
    process: child,
    ended,
    wrote: async (stream, text) => {
      while (!text.test(written[stream])) {
        if (hasEnded) throw new Error(`it ended without writing ${String(text)}: ${written.stdout}${written.stderr}`)
        await sleep(10)
      }
      return written[stream]
    },
    kill: signal => void child.kill(signal),
  }
}

export const runChild = (script: string, options?: ChildOptions): Promise<Ended> => startChild(script, options).ended

/** To be called after each test: nothing outlives it. */
export const killChildren = (): void => {
  for (const child of running) child.kill('SIGKILL')
}

/** The compiled `rmq`. */
export const RMQ = 'dist/cli/main.js'
