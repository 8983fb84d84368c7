import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Full path of a `java` that can run the servers. */
export const findJava = (path?: string): Promise<string> => findOfJdk('java', path)

/** Full path of a `javac` that can compile our program for the official client. */
export const findJavac = (path?: string): Promise<string> => findOfJdk('javac', path)

async function findOfJdk(name: string, path = process.env['PATH'] ?? ''): Promise<string> {
  const help = 'Install JDK 17 or later to run Apache RocketMQ for these tests'
  const tool = await findOnPath(name, path)
  if (tool === undefined) throw new Error(`${help}: no ${name} was found on the PATH.`)
  const found = await versionOf(tool, /(?:version "|javac )(?:1\.)?(\d+)/)
  if (found === undefined || found[0]! < 17) {
    throw new Error(`${help}: ${tool} is ${found === undefined ? 'of an unknown version' : `version ${found[0]}`}.`)
  }
  return tool
}

/** Full path of an `mvn` that can fetch the servers. */
export async function findMaven(path = process.env['PATH'] ?? ''): Promise<string> {
  const help = 'Install Apache Maven 3.8 or later to fetch Apache RocketMQ for these tests'
  const maven = await findOnPath('mvn', path)
  if (maven === undefined) throw new Error(`${help}: no mvn was found on the PATH.`)
  const found = await versionOf(maven, /Apache Maven (\d+)\.(\d+)/)
  if (found === undefined || found[0]! < 3 || (found[0] === 3 && found[1]! < 8)) {
    throw new Error(`${help}: ${maven} is ${found === undefined ? 'of an unknown version' : found.join('.')}.`)
  }
  return maven
}

async function findOnPath(name: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter).filter(entry => entry !== '')) {
    const candidate = join(folder, name)
    const usable = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (usable) return candidate
  }
  return undefined
}

/** All tools know `-version`; Java answers on the error output. */
async function versionOf(tool: string, pattern: RegExp): Promise<readonly number[] | undefined> {
  const output = await run(tool, ['-version']).then(
    ({ stdout, stderr }) => stdout + stderr,
    () => '',
  )
  return pattern.exec(output)?.slice(1).map(Number)
}
