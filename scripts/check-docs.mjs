/**
 * Type-checks every ```ts block of README.md, CONTRIBUTING.md and docs/*.md against the built package, and runs those
 * marked ```ts run. Also: no code escapes that (as `typescript`, as `js`, indented), relative links lead somewhere,
 * `npm run x` is a script of package.json, the option tables of README.md say the defaults that the package has, and
 * README.md names every example, environment variable and preset.
 *
 * A block stands alone, unless it is marked ```ts continue: then it goes on where the block before it ended. Declarations
 * that readers need not see stand in a comment that starts with `<!-- ts` on a line of its own; the blocks below it may
 * use them, except those that run.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const FOLDER = join(ROOT, 'node_modules/.cache/check-docs')
const PATIENCE_MS = 60_000

/** Blocks with the lines (from 0) that their code takes up: `{ info, from, to }`, `to` exclusive. */
const blocksOf = lines => {
  const blocks = []
  for (let i = 0; i < lines.length; i++) {
    const info = /^(?:```(ts\b.*)|<!-- (ts))$/.exec(lines[i])
    if (info === null) continue
    const end = info[1] === undefined ? '-->' : '```'
    const to = lines.indexOf(end, i)
    if (to === -1) throw new Error(`line ${i + 1}: a block without its end`)
    blocks.push({ info: info[1] ?? 'hidden', from: i + 1, to })
    i = to
  }
  return blocks
}

/** One program per chain of blocks. Its code stands on the lines it has in the document, so positions need no translation. */
const programsOf = ({ name, text }) => {
  const lines = text.split('\n')
  const blocks = blocksOf(lines)
  const hidden = blocks.filter(({ info }) => info === 'hidden')
  const chains = []
  for (const block of blocks) {
    if (block.info === 'hidden') continue
    if (block.info === 'ts continue') chains.at(-1).push(block)
    else if (block.info === 'ts' || block.info === 'ts run') chains.push([block])
    else throw new Error(`${name}:${block.from}: a block is ts, ts run or ts continue, not "${block.info}"`)
  }
  return chains.map(chain => {
    const { from: start } = chain[0]
    const runs = chain.some(({ info }) => info === 'ts run')
    const declared = runs ? [] : hidden.filter(({ to }) => to < start)
    const kept = new Set([...declared, ...chain].flatMap(({ from, to }) => range(from, to)))
    const code = lines.map((line, i) => (kept.has(i) ? line : '')).join('\n')
    const file = join(FOLDER, `${name.replaceAll('/', '_')}.${start + 1}.ts`)
    return { name, line: start + 1, file, code: `${code}\nexport {}\n`, runs }
  })
}

/** What is not TypeScript, and so is not checked. */
const OTHER_LANGUAGES = ['sh', 'text', 'json', 'yaml', 'java', 'diff']

/** Blocks that nobody would check. */
const fenceErrors = ({ name, text }) => {
  let isOpen = false
  return text.split('\n').flatMap((line, i) => {
    const fence = /^(\s*)(?:```|~~~)(.*)$/.exec(line)
    if (fence === null) return []
    isOpen = !isOpen
    const [, indentation, info] = fence
    if (!isOpen || (indentation === '' && /^ts\b/.test(info)) || OTHER_LANGUAGES.includes(info)) return []
    return [`${name}:${i + 1} a block is ts without indentation, or ${OTHER_LANGUAGES.join(', ')}: not "${line}"`]
  })
}

const range = (from, to) => Array.from({ length: to - from }, (_, i) => from + i)

const typeErrors = programs => {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), path => ts.sys.readFile(path))
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT)
  const program = ts.createProgram(
    programs.map(({ file }) => file),
    { ...options, noUnusedLocals: false, noUnusedParameters: false },
  )
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const message = ts.flattenDiagnosticMessageText(messageText, '\n  ')
    const name = programs.find(each => each.file === file?.fileName)?.name
    if (name === undefined) return `${file?.fileName ?? 'tsconfig.json'}: ${message}`
    const { line, character } = file.getLineAndCharacterOfPosition(start)
    return `${name}:${line + 1}:${character + 1} ${message}`
  })
}

const runErrors = programs =>
  programs
    .filter(({ runs }) => runs)
    .flatMap(({ name, line, file, code }) => {
      const script = file.replace(/\.ts$/, '.mjs')
      const { outputText } = ts.transpileModule(code, {
        compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
      })
      writeFileSync(script, outputText)
      const { status, signal, stderr } = spawnSync(process.execPath, [script], {
        encoding: 'utf8',
        timeout: PATIENCE_MS,
      })
      return status === 0 ? [] : [`${name}:${line} ended with ${signal ?? status}: ${stderr.trim()}`]
    })

const referenceErrors = ({ name, text }) => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  return text
    .split('\n')
    .flatMap((line, i) => [
      ...[...line.matchAll(/\]\((?!https?:|#|mailto:)([^)#]+)/g)]
        .filter(([, path]) => !existsSync(join(ROOT, dirname(name), path)))
        .map(([, path]) => `${name}:${i + 1} links to ${path}, which is not there`),
      ...[...line.matchAll(/npm run ([\w:-]+)/g)]
        .filter(([, script]) => !(script in scripts))
        .map(([, script]) => `${name}:${i + 1} names npm run ${script}, which is no script`),
    ])
}

/** The tables of README.md against the defaults that the package exports. */
const optionErrors = async ({ name, text }) => {
  const defaults = Object.entries(await import(new URL('../dist/index.js', import.meta.url))).filter(([its]) =>
    its.endsWith('_DEFAULTS'),
  )
  return defaults
    .flatMap(([, options]) => Object.entries(options))
    .flatMap(([option, value]) => {
      const rows = [...text.matchAll(new RegExp(`^\\| \`${option}\` +\\| (.*?) +\\|`, 'gm'))]
      const right = writings(value)
      return rows.some(([, written]) => right.includes(parsed(written)))
        ? []
        : [
            `${name}: the default of ${option} is ${right.join(' or ')}, it says ${rows.map(([, written]) => written).join(' or ') || 'nothing'}`,
          ]
    })
}

/** What is nothing until somebody wants it has no value that users would know. */
const writings = value =>
  value === undefined || (Array.isArray(value) && value.length === 0) ? ['none', 'false'] : [String(value)]

const parsed = written => {
  const number = /^([\d,]+)( MiB)?$/.exec(written.replaceAll('`', ''))
  if (number === null) return written.replaceAll('`', '')
  return String(Number(number[1].replaceAll(',', '')) * (number[2] === undefined ? 1 : 2 ** 20))
}

/** What README.md has to name: every example, every variable of the environment that is read, every preset. */
const missingErrors = async ({ name, text }) => {
  const { CONSUMER_PRESETS, PRESETS, PRODUCER_PRESETS } = await import(new URL('../dist/index.js', import.meta.url))
  const examples = readdirSync(join(ROOT, 'examples')).filter(file => /^\d\d-.*\.ts$/.test(file))
  const variables = ['client', 'producer', 'consumer'].flatMap(room =>
    readFileSync(join(ROOT, `src/${room}/from-env.ts`), 'utf8').match(/(?<=')(?:ROCKETMQ_|NAMESRV_)\w+(?=')/g),
  )
  const presets = [
    ...Object.keys(PRESETS).map(preset => `\`PRESETS.${preset}\``),
    ...Object.keys(CONSUMER_PRESETS).map(preset => `\`CONSUMER_PRESETS.${preset}\``),
    ...Object.keys(PRODUCER_PRESETS).map(preset => `\`PRODUCER_PRESETS.${preset}\``),
  ]
  return [...examples.map(file => `(examples/${file})`), ...variables.map(each => `\`${each}\``), ...presets]
    .filter(each => !text.includes(each))
    .map(each => `${name} does not name ${each}`)
}

if (!existsSync(join(ROOT, 'dist/index.d.ts'))) {
  console.error(
    'check-docs: dist is missing, the blocks are checked against the built package: run npm run build first',
  )
  process.exit(1)
}
const docs = existsSync(join(ROOT, 'docs')) ? readdirSync(join(ROOT, 'docs')).map(file => `docs/${file}`) : []
const documents = ['README.md', 'CONTRIBUTING.md', ...docs.filter(file => file.endsWith('.md'))].map(name => ({
  name,
  text: readFileSync(join(ROOT, name), 'utf8'),
}))
rmSync(FOLDER, { recursive: true, force: true })
mkdirSync(join(FOLDER, 'node_modules'), { recursive: true })
symlinkSync(ROOT, join(FOLDER, 'node_modules/rocketmq-rxjs'), 'junction') // as if it were installed
const programs = documents.flatMap(programsOf)
for (const { file, code } of programs) writeFileSync(file, code)

const wrong = [
  ...documents.flatMap(fenceErrors),
  ...documents.flatMap(referenceErrors),
  ...(await optionErrors(documents[0])),
  ...(await missingErrors(documents[0])),
  ...typeErrors(programs),
]
const all = wrong.length > 0 ? wrong : runErrors(programs)
for (const each of all) console.error(each)
console.error(`check-docs: ${programs.length} programs in ${documents.length} documents, ${all.length} errors`)
process.exitCode = all.length > 0 || programs.length === 0 ? 1 : 0
