import { spawn } from 'node:child_process'
import { access, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { lastLines } from './last-lines.ts'
import { withLock } from './lock.ts'
import { findMaven } from './tools.ts'

/** What is fetched together, each as group:artefact:version. */
const BUNDLES = {
  servers: (version: string) => [
    `org.apache.rocketmq:rocketmq-namesrv:${version}`,
    `org.apache.rocketmq:rocketmq-broker:${version}`,
  ],
  tools: (version: string) => [`org.apache.rocketmq:rocketmq-tools:${version}`],
  // Gson is for our own program, which talks to the tests in JSON.
  client: (version: string) => [`org.apache.rocketmq:rocketmq-client:${version}`, 'com.google.code.gson:gson:2.9.0'],
} as const

type Bundle = keyof typeof BUNDLES

const BUILD_CLASS_PATH = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:build-classpath'

/** Class path of the servers of one version, fetched by Maven once and remembered in the user's cache folder. */
export const serverClassPath = (version: string): Promise<string> => classPathOf('servers', version)

/** The same for the official Java client. */
export const clientClassPath = (version: string): Promise<string> => classPathOf('client', version)

/** The same for the official tools. */
export const toolsClassPath = (version: string): Promise<string> => classPathOf('tools', version)

/** Where a bundle of one version is remembered, with whatever is made from it. */
export function cacheFolder(bundle: Bundle, version: string): string {
  const caches = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  return join(caches, 'rocketmq-rxjs', `${bundle}-${version}`)
}

async function classPathOf(bundle: Bundle, version: string): Promise<string> {
  if (!/^\d+\.\d+\.\d+$/.test(version)) throw new Error(`"${version}" is no version of Apache RocketMQ, such as 5.3.3`)
  const folder = cacheFolder(bundle, version)
  const file = join(folder, 'classpath.txt')
  const known = await usableClassPath(file)
  if (known !== undefined) return known
  await mkdir(folder, { recursive: true })
  return withLock(
    join(folder, 'lock'),
    async () => (await usableClassPath(file)) ?? (await fetch(bundle, version, folder, file)),
  )
}

/** The remembered class path, unless a jar of it has gone. */
async function usableClassPath(file: string): Promise<string | undefined> {
  try {
    const classPath = (await readFile(file, 'utf8')).trim()
    await Promise.all(classPath.split(delimiter).map(jar => access(jar)))
    return classPath
  } catch {
    return undefined
  }
}

async function fetch(bundle: Bundle, version: string, folder: string, file: string): Promise<string> {
  const maven = await findMaven()
  await writeFile(join(folder, 'pom.xml'), pom(BUNDLES[bundle](version)))
  // Complete or absent: the name that others look for appears only when all is there.
  const unfinished = `${file}.new`
  await rm(unfinished, { force: true })
  const parameters = ['-q', '-B', '-Dmdep.includeScope=runtime', `-Dmdep.outputFile=${unfinished}`, BUILD_CLASS_PATH]
  const { status, output } = await runMaven(maven, parameters, folder)
  if (status !== 0) {
    throw new Error(`Maven could not fetch Apache RocketMQ ${version} (status ${status}):\n${lastLines(output)}`)
  }
  await rename(unfinished, file)
  const classPath = await usableClassPath(file)
  if (classPath === undefined) throw new Error(`Maven named jars for Apache RocketMQ ${version} that do not exist`)
  return classPath
}

function runMaven(maven: string, parameters: string[], cwd: string): Promise<{ status: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(maven, parameters, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const collect = (chunk: Buffer) => (output += chunk.toString())
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.once('error', reject)
    child.once('close', status => resolve({ status: status ?? 1, output }))
  })
}

/** Without parent and repositories, so that Maven's own configuration decides where the jars come from. */
function pom(artefacts: readonly string[]): string {
  const dependencies = artefacts.map(artefact => {
    const [group, name, version] = artefact.split(':')
    return (
      `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId>` +
      `<version>${version}</version></dependency>`
    )
  })
  return (
    '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>' +
    '<groupId>local</groupId><artifactId>fetched</artifactId><version>1</version>' +
    `<dependencies>${dependencies.join('')}</dependencies></project>\n`
  )
}
