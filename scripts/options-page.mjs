/**
 * Writes docs/options.md: every option with its unit, default, bounds and meaning. The words come from the doc comments,
 * defaults and bounds from the code (scripts/options). With `--check` it writes nothing and fails when the page is stale.
 * It always fails when a comment and the code disagree, when an option has no comment, and when options have no place.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { optionInterfaces } from './options/comments.mjs'
import { factsOfCode } from './options/facts.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const PAGE = 'docs/options.md'

/** Heading ⇒ interface, in the order of the page. */
const SECTIONS = [
  ['`createClient(config)`', 'ClientConfig'],
  ['`timing` of a client', 'Timing'],
  ['`connection` of a client', 'ConnectionOptions'],
  ['`health` of a client', 'HealthOptions'],
  ['`runtime` of a client', 'Runtime'],
  ['`client.producer(options)`', 'ProducerOptions'],
  ['`trace` of a producer or a consumer', 'TraceOptions'],
  ['`producer.send$(message, options)`, `send`, `sendOutcome$`, `sendOutcome`', 'SendOptions'],
  ['`producer.request$(message, reply, options)`, `reply$`, `recall$`', 'CallOptions'],
  ['`producer.sendAll(project, options)`, `sendFrom$`', 'SendStreamOptions'],
  ['`client.transactionalProducer(options)`, besides those of a producer', 'TransactionalOptions'],
  ['`producer.sendInTransaction$(message, local, decide, options)`', 'TransactionSendOptions'],
  ['`batch` of `sendAll`, `sendFrom$`', 'GatherOptions'],
  ['`message(topic, body, options)`', 'MessageOptions'],
  ['`validateMessage(message, limits)`, `estimateSize`', 'MessageLimits'],
  ['`client.consumer(options)`', 'ConsumerOptions'],
  ['`flow` of a consumer', 'FlowLimits'],
  ['`fileOffsets(options)`', 'FileOffsetsOptions'],
  ['`allocate` of a consumer, by name', 'ByConfig'],
  ['`topicCoordinator(config, options)`', 'TopicCoordinatorOptions'],
  ['`client.pullConsumer(options)`, besides those of a consumer', 'PullConsumerOptions'],
  ['`client.pull$(queue, options)`, `pull`', 'PullOptions'],
  ['`consumer.process$(handler, options)`', 'ProcessOptions'],
  ['`consumer.processBatch$(handler, options)`', 'ProcessBatchOptions'],
  ['`consumer.messages$(options)`, `queues$`, `messages`', 'ReceiveOptions'],
  ['`consumer.fetch$(options)`, `fetch`', 'FetchOptions'],
  ['`delivery.retryLater(options)`', 'RetryOptions'],
  ['`boundedMap(work, options)`', 'BoundedMapOptions'],
  ['`buffer` of `boundedMap`', 'WaitingLimits'],
  ['`startEmbeddedCluster(options)`', 'EmbeddedClusterOptions'],
]

/** Interfaces whose methods take arguments that may be left out, other than the options above. */
const WITH_ARGUMENTS = [
  'Client',
  'Producer',
  'ConversationDoors',
  'TransactionalProducer',
  'Consumer',
  'PullConsumer',
  'EmbeddedCluster',
  'Faults',
]

const INTRODUCTION = `# Options

Every option with its default and its bounds. This page is made by \`npm run docs:options\` from the doc comments and
from what the code does; do not edit it.

Durations are milliseconds and end in \`Ms\`. \`undefined\` means the default. A value out of bounds throws
\`ERR_RMQ_ILLEGAL\` and names itself.
`

const MIB = 2 ** 20
const grouped = number => number.toLocaleString('en-US')
/** How a value may be written: the first one is how it is written here. */
const writings = (name, value) => {
  if (typeof value !== 'number') return [`\`${value}\``, String(value)]
  const isMiB = /bytes/i.test(name) && value >= MIB && value % MIB === 0
  return [...(isMiB ? [`${value / MIB} MiB`] : []), grouped(value)]
}

/** What a comment says after "default", up to the end of the thought; or the word marked as such. */
const saidDefault = comment =>
  /(`[^`]+`)(?: \(default\)|, default\))/.exec(comment)?.[1] ??
  /(?<!\bby )\bdefault:? ([^;]+?)(?:[;)]|\.(?= [A-Z`0]|$)|: |$)/i.exec(comment)?.[1]

const unitOf = ({ name, type }, bounds) => {
  if (type !== 'number') return `\`${cell(type)}\``
  if (/Ms$/.test(name)) return 'ms'
  if (/bytes/i.test(name)) return 'bytes'
  return bounds === undefined ? 'number' : 'whole number'
}

const cell = text => text.replaceAll('|', '\\|')

const wrong = []
const { interfaces, named } = optionInterfaces(ROOT)
const facts = await factsOfCode(ROOT)

const rowText = (row, fact) => {
  const { name, comment, where, isOptional } = row
  const { value, bounds } = fact ?? {}
  if (comment === '') wrong.push(`${where} ${name} has no doc comment`)
  const written = value === undefined ? [] : writings(name, value)
  const says = comment.replaceAll(/`/g, '')
  if (written.length > 0 && !(/default/i.test(says) && written.some(each => says.includes(each.replaceAll('`', ''))))) {
    wrong.push(`${where} ${name}: the default is ${written.join(' or ')}, the comment says "${comment}"`)
  }
  const said = row.type === 'object' ? 'below' : saidDefault(comment)
  const fallback = written[0] ?? said ?? (isOptional ? 'none' : 'required')
  const limits = bounds === undefined ? '' : `${grouped(bounds.least)} to ${grouped(bounds.most)}`
  return `| \`${name}\` | ${unitOf(row, bounds)} | ${fallback} | ${limits} | ${cell(comment)} |`
}

const sectionText = ([heading, name]) => {
  const known = interfaces.get(name)
  if (known === undefined) {
    wrong.push(`${name} is not exported`)
    return ''
  }
  const ofCode = facts[name] ?? new Map()
  const rows = known.rows.map(row => rowText(row, ofCode.get(row.name)))
  for (const option of ofCode.keys()) {
    if (!known.rows.some(row => row.name === option)) wrong.push(`${name}.${option} is checked and has no comment`)
  }
  const table = ['| option | type or unit | default | bounds | meaning |', '| --- | --- | --- | --- | --- |', ...rows]
  return `## ${heading}\n\n${known.comment}\n\n${table.join('\n')}\n`
}

const argumentsText = () => {
  const rows = WITH_ARGUMENTS.flatMap(name =>
    (interfaces.get(name)?.methods ?? [])
      .filter(
        ({ name: method, parameters }) =>
          !SECTIONS.some(([heading, its]) => parameters.includes(its) || heading.includes(method)),
      )
      .map(
        ({ name: method, parameters, comment }) => `| \`${name}.${method}(${cell(parameters)})\` | ${cell(comment)} |`,
      ),
  )
  return `## Arguments that may be left out\n\n| method | meaning |\n| --- | --- |\n${rows.join('\n')}\n`
}

if (!existsSync(join(ROOT, 'dist/index.js'))) {
  console.error('options-page: dist is missing, defaults are asked of the built package: run npm run build first')
  process.exit(1)
}
const sections = SECTIONS.map(sectionText)
for (const name of named) {
  if (!SECTIONS.some(([, its]) => its === name)) wrong.push(`${name} has no section on ${PAGE}`)
}
const style = await resolveConfig(join(ROOT, PAGE))
const page = await format([INTRODUCTION, ...sections, argumentsText()].join('\n'), { ...style, parser: 'markdown' })

const file = join(ROOT, PAGE)
const isStale = !existsSync(file) || readFileSync(file, 'utf8') !== page
if (!process.argv.includes('--check')) {
  mkdirSync(join(ROOT, 'docs'), { recursive: true })
  writeFileSync(file, page)
} else if (isStale) wrong.push(`${PAGE} is stale: npm run build && npm run docs:options`)
for (const each of wrong) console.error(`Error: ${each}`)
console.error(`options-page: ${sections.length} sections, ${wrong.length} errors`)
process.exitCode = wrong.length > 0 ? 1 : 0
