import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, mkdir, mkdtemp, readdir, readFile, rename } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { withLock } from './lock.ts'
import { cacheFolder, clientClassPath } from './maven.ts'
import { findJavac } from './tools.ts'

const run = promisify(execFile)
const SOURCES = fileURLToPath(new URL('java/', import.meta.url))

/** Class path of our program with the official client of one version; compiled once for each state of the sources. */
export async function programClassPath(version: string): Promise<string> {
  const libraries = await clientClassPath(version)
  const names = (await readdir(SOURCES)).filter(name => name.endsWith('.java')).sort()
  const files = names.map(name => join(SOURCES, name))
  const hash = createHash('sha256')
  for (const file of files) hash.update(await readFile(file))
  const classes = join(cacheFolder('client', version), `classes-${hash.digest('hex').slice(0, 16)}`)
  if (!(await exists(classes))) {
    await withLock(`${classes}.lock`, async () => {
      if (!(await exists(classes))) await compile(files, libraries, classes)
    })
  }
  return classes + delimiter + libraries
}

/** Complete or absent, like everything in that folder. */
async function compile(files: readonly string[], libraries: string, classes: string): Promise<void> {
  await mkdir(dirname(classes), { recursive: true })
  const unfinished = await mkdtemp(`${classes}-`)
  await run(await findJavac(), ['-proc:none', '-nowarn', '-d', unfinished, '-cp', libraries, ...files])
  await rename(unfinished, classes)
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
