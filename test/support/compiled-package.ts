import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')

/** How a script ended, and what it wrote. */
interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly output: string
  readonly elapsedMs: number
}
/** A script that runs in a process of its own. */
export interface Running {
  readonly process: ChildProcess
  output(): string
  readonly ended: Promise<Ended>
}

/** The package as users get it: compiled, in a folder of its own. */
export interface CompiledPackage {
  /** Runs a script that imports from `rocketmq-rxjs`; `NAME_SERVERS` is in its environment. */
  run(script: string, nameServers: readonly string[]): Promise<Running>
  remove(): Promise<void>
}

export const compilePackage = async (): Promise<CompiledPackage> => {
  const folder = await mkdtemp(join(tmpdir(), 'rocketmq-rxjs-'))
  const out = join(folder, 'dist')
  await run(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json', '--outDir', out],
    {
      cwd: root,
    },
  )
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  let scripts = 0
  return {
    run: async (script, nameServers) => {
      const file = join(folder, `script-${++scripts}.js`)
      await writeFile(file, script.replaceAll(/'rocketmq-rxjs'/g, `'./dist/index.js'`))
      const startedAt = performance.now()
      const child = spawn(process.execPath, ['--unhandled-rejections=strict', file], {
        env: { ...process.env, NAME_SERVERS: nameServers.join(';') },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let output = ''
      const note = (chunk: Buffer): void => void (output += chunk.toString())
      child.stdout.on('data', note)
      child.stderr.on('data', note)
      const ended = new Promise<Ended>((resolve, reject) => {
        child.once('error', reject)
        child.once('close', (code, signal) =>
          resolve({ code, signal, output, elapsedMs: performance.now() - startedAt }),
        )
      })
      return { process: child, output: () => output, ended }
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
