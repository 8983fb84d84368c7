/**
 * What users get. Packs what is built, looks at what is in the tarball, has publint and attw look at it, installs it
 * with the oldest rxjs it allows into an empty project, and uses it there (scripts/consumer): by `import`, by `require`,
 * under two releases of TypeScript, on the command line, and for a round trip through the embedded broker.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const OLDER_TYPESCRIPT = '~5.9.3' // the newer one is our own
const PATIENCE_MS = 240_000
const SHIPPED = /^(?:dist\/|src\/|(?:package\.json|README\.md|LICENSE|NOTICE|CHANGELOG\.md)$)/

const { name, bin, peerDependencies, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
const folder = mkdtempSync(join(tmpdir(), 'check-package-'))
const installed = join(folder, 'node_modules', name)
let failures = 0

const report = (what, wrong) => {
  console.log(`${wrong.length === 0 ? 'ok    ' : 'FAILED'} ${what}`)
  for (const each of wrong) console.error(`Error: ${what}: ${each}`)
  if (wrong.length > 0) failures++
  return wrong.length === 0
}

/** Nothing wrong, or what the program wrote. `shell` on Windows, where npm's programs are scripts of its shell. */
const run = (command, args, cwd = folder) => {
  const shell = process.platform === 'win32'
  const { status, signal, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    shell,
    encoding: 'utf8',
    timeout: PATIENCE_MS,
    env: { ...process.env, NO_COLOR: '1' },
  })
  const wrong = status === 0 ? [] : [`ended with ${error?.message ?? signal ?? status}\n${stdout}${stderr}`]
  return { wrong, stdout }
}

const filesUnder = path =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => relative(path, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))

/** Every source has its code, types and maps, and nothing is there that has no source any more. */
const contentErrors = files => {
  const there = new Set(files)
  const modules = files.filter(file => /^src\/.*\.ts$/.test(file)).map(file => file.slice('src/'.length, -'.ts'.length))
  const built = modules.flatMap(module => ['.js', '.js.map', '.d.ts', '.d.ts.map'].map(end => `dist/${module}${end}`))
  const expected = new Set(built)
  return [
    ...files.filter(file => !SHIPPED.test(file) || /\.test\./.test(file)).map(file => `${file} should not be shipped`),
    ...built.filter(file => !there.has(file)).map(file => `${file} is missing`),
    ...files
      .filter(file => file.startsWith('dist/') && !expected.has(file))
      .map(file => `${file} has no source: delete dist and build again`),
    ...Object.values(bin)
      .filter(file => !readFileSync(join(installed, file), 'utf8').startsWith('#!/usr/bin/env node\n'))
      .map(file => `${file} does not say that node runs it`),
  ]
}

/** Maps lead to sources that are shipped, and no file names a folder of the machine it was built on. */
const pathErrors = files => {
  const places = [ROOT, folder].map(place => place.replace(/[\\/]$/, ''))
  return files.flatMap(file => {
    const text = readFileSync(join(installed, file), 'utf8')
    const sources = file.endsWith('.map') ? JSON.parse(text).sources : []
    return [
      ...sources
        .filter(source => !existsSync(join(installed, dirname(file), source)))
        .map(source => `${file} maps to ${source}, which is not shipped`),
      ...places.filter(place => text.includes(place)).map(place => `${file} names ${place}`),
    ]
  })
}

const typeErrors = typescript => run(process.execPath, [join(typescript, 'bin/tsc'), '-p', '.'])

const versionOf = path => JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')).version

const check = () => {
  const packed = run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], ROOT)
  if (!report('npm pack', packed.wrong)) return
  const tarball = join(
    folder,
    readdirSync(folder).find(file => file.endsWith('.tgz')),
  )
  report('publint', run('npx', ['--no-install', 'publint', 'run', tarball, '--strict'], ROOT).wrong)
  report('attw', run('npx', ['--no-install', 'attw', tarball, '--profile', 'esm-only'], ROOT).wrong)

  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  const oldestRxjs = `rxjs@${peerDependencies.rxjs.replace(/^\D+/, '')}`
  const tools = [`typescript@${OLDER_TYPESCRIPT}`, `@types/node@${devDependencies['@types/node']}`]
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline']
  if (!report(`install with ${oldestRxjs}`, run('npm', ['install', ...quiet, tarball, oldestRxjs, ...tools]).wrong)) {
    return
  }

  const files = filesUnder(installed)
  report(`what is in it: ${files.length} files`, contentErrors(files))
  report('paths and source maps', pathErrors(files))

  cpSync(join(ROOT, 'scripts/consumer'), folder, { recursive: true })
  report('import, and a round trip', run(process.execPath, ['round-trip.mjs']).wrong)
  report('require', run(process.execPath, ['required.cjs']).wrong)
  for (const typescript of [join(folder, 'node_modules/typescript'), join(ROOT, 'node_modules/typescript')]) {
    report(`types, TypeScript ${versionOf(typescript)}`, typeErrors(typescript).wrong)
  }
  for (const command of Object.keys(bin)) {
    const help = run('npx', ['--no-install', command, '--help'])
    report(`${command} --help`, /produce/.test(help.stdout) ? help.wrong : [`it tells nothing: ${help.stdout}`])
  }
}

try {
  check()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log(`check-package: ${failures === 0 ? 'all is well' : `${failures} failed`}`)
process.exitCode = failures === 0 ? 0 : 1
