import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { lastLines } from './last-lines.ts'
import { toolsClassPath } from './maven.ts'
import { findJava } from './tools.ts'

const run = promisify(execFile)
const LONGEST_MS = 60_000
const FLAGS = ['-Xms32m', '-Xmx160m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData']

/** Runs one command of the official `mqadmin`, in a JVM of its own, and gives what it printed. It takes some seconds. */
export async function mqadmin(
  { version, nameServers }: { readonly version: string; readonly nameServers: readonly string[] },
  ...command: readonly string[]
): Promise<string> {
  const [java, classPath] = [await findJava(), await toolsClassPath(version)]
  const home = await mkdtemp(join(tmpdir(), 'rocketmq-tools-'))
  try {
    const logging = join(home, 'conf', 'logback_tools.xml') // where 4.9 looks, too; it logs nothing
    await mkdir(join(home, 'conf'))
    await writeFile(logging, '<configuration/>')
    const places = [`-Duser.home=${home}`, `-Drocketmq.home.dir=${home}`, `-Djava.io.tmpdir=${home}`]
    const args = [...FLAGS, ...places, `-Drmq.logback.configurationFile=${logging}`, '-cp', classPath]
    const main = 'org.apache.rocketmq.tools.command.MQAdminStartup'
    const env = { ...process.env, NAMESRV_ADDR: nameServers.join(';') }
    const options = { cwd: home, env, timeout: LONGEST_MS }
    const { stdout, stderr } = await run(java, [...args, main, ...command], options).catch(withOutput)
    // With most failures it ends with status 0 all the same.
    if (stderr === undefined || /Exception\b/.test(stderr)) {
      throw new Error(`mqadmin ${command.join(' ')} failed:\n${lastLines(`${stdout}\n${stderr ?? ''}`)}`)
    }
    return stdout
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

/** What a failed command printed. Its error holds a class path of many lines. */
const withOutput = (error: unknown): { readonly stdout: string; readonly stderr: undefined } => {
  const { stdout = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string }
  return { stdout: `${stdout}\n${stderr}`, stderr: undefined }
}
