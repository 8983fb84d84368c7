/**
 * What the code does with each option that nobody gives, and what it refuses. The built package is asked itself, so no
 * table can drift from it: in a copy of `dist`, the checks of options note what they check, and what they say of
 * something that is no number.
 */
import { cpSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { NEVER, queueScheduler } from 'rxjs'

const noting = names => `
import * as real from './real-checks.js'
const notes = []
const refusalOf = (check, [name, , ...rest]) => {
  try {
    check(name, NaN, ...rest)
  } catch (error) {
    return error.message
  }
}
const noting = check => (...args) => {
  const [name, value, fallback] = args
  notes.push({ name, value: value ?? fallback, check, args })
  return check(...args)
}
export const notesOf = work => {
  notes.length = 0
  work()
  // asked afterwards: while options are read, what is wrong with them is collected and not thrown
  return notes.map(({ name, value, check, args }) => ({ name, value, refusal: refusalOf(check, args) }))
}
${names.map(name => `export const ${name} = noting(real.${name})`).join('\n')}
`

/** A copy of the built package whose checks take notes. Returns how to load a file of it. */
const copyThatNotes = async root => {
  const folder = join(root, 'node_modules/.cache/options')
  const checks = join(folder, 'dist/client/checks.js')
  const real = join(folder, 'dist/client/real-checks.js')
  const load = path => import(pathToFileURL(path).href)
  rmSync(folder, { recursive: true, force: true })
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  renameSync(checks, real)
  writeFileSync(checks, noting(Object.keys(await load(real))))
  return file => load(join(folder, 'dist', file))
}

const boundsIn = refusal => {
  const bounds = /a whole number (?:of ms )?from (\d+) to (\d+)/.exec(refusal ?? '')
  return bounds === null ? undefined : { least: Number(bounds[1]), most: Number(bounds[2]) }
}

/** Name ⇒ fact. What an earlier note does not know, a later one may. */
const factsOf = notes => {
  const facts = new Map()
  for (const { name, value, refusal } of notes) {
    const known = facts.get(name)
    facts.set(name, { value: known?.value ?? value, bounds: known?.bounds ?? boundsIn(refusal) })
  }
  return facts
}

/** An empty list is nothing: what the comment says of it reads better. */
const asNotes = settings =>
  Object.entries(settings).map(([name, value]) => ({
    name,
    value: Array.isArray(value) && value.length === 0 ? undefined : value,
  }))
const withoutValue = ({ name, refusal }) => ({ name, refusal })
const within = (prefix, notes) =>
  notes.filter(({ name }) => name.startsWith(prefix)).map(note => ({ ...note, name: note.name.slice(prefix.length) }))

/** Interface ⇒ option ⇒ `{ value, bounds: { least, most } }`, either undefined where the code does not tell. */
export const factsOfCode = async root => {
  const load = await copyThatNotes(root)
  const { notesOf } = await load('client/checks.js')
  const {
    CONSUMER_DEFAULTS,
    createClient,
    HEALTH_DEFAULTS,
    message,
    PRODUCER_DEFAULTS,
    TIMING_DEFAULTS,
    topic,
    validateMessage,
  } = await load('index.js')
  const { encodeRecallHandle } = await load('protocol/recall-handle.js')
  const { resolveConsumerOptions } = await load('consumer/options.js')
  const { resolveCoordinatorOptions } = await load('coordination/coordinator-options.js')
  const { resolveProcessBatchOptions, resolveProcessOptions } = await load('consumer/handling/process-options.js')
  const { resolveFetchOptions } = await load('consumer/pull/fetch-options.js')
  const { oncePull } = await load('consumer/queues/pull-once.js')
  const { resolvePullConsumerOptions } = await load('consumer/pull/pull-options.js')
  const { sendAll } = await load('producer/send-all.js')
  const { resolveProducerOptions } = await load('producer/options.js')
  const { resolveTransactionalOptions } = await load('producer/transaction-options.js')

  const nowhere = { transport: { connect$: () => NEVER }, asap: queueScheduler }
  let client
  const clientNotes = notesOf(() => {
    client = createClient({ nameServers: '127.0.0.1:9876', logger: false, runtime: nowhere })
  })
  const consumer = { group: 'g', subscribe: [{ topic: topic('t'), tags: '*' }] }
  const consumerNotes = notesOf(() => resolveConsumerOptions(consumer, TIMING_DEFAULTS.commitMs))
  const coordinatorNotes = notesOf(() => resolveCoordinatorOptions({ nameServers: 'n:1' })).filter(
    ({ name }) => name === 'everyMs', // the others are those of its client
  )
  const mode = resolveConsumerOptions(consumer, TIMING_DEFAULTS.commitMs)
  const { policy } = resolveProcessOptions({}, mode)
  const producer = client.producer()
  const sendNotes = notesOf(() =>
    producer
      .send$(message(topic('t'), Buffer.of(0)))
      .subscribe()
      .unsubscribe(),
  )
  const recall = {
    topic: 't',
    recallHandle: encodeRecallHandle({ topic: 't', brokerName: 'b', timestamp: '1', messageId: 'm' }),
  }
  const callNotes = notesOf(() => producer.recall$(recall).subscribe().unsubscribe())
  await client.close({ drainMs: 0 })
  const transactional = { group: 'g', check: () => 'unknown' }
  const checkAfterNotes = notesOf(() => resolveTransactionalOptions({ ...transactional, checkAfterMs: 1 }))
    .filter(({ name }) => name === 'checkAfterMs')
    .map(withoutValue)

  return {
    ClientConfig: factsOf(clientNotes.filter(({ name }) => !/^(?:timing|connection|health)\./.test(name))),
    HealthOptions: factsOf([
      ...within('health.', clientNotes),
      { name: 'avoidSlow', value: HEALTH_DEFAULTS.avoidSlow },
    ]),
    TopicCoordinatorOptions: factsOf(coordinatorNotes),
    Timing: factsOf(within('timing.', clientNotes)),
    ConnectionOptions: factsOf(within('connection.', clientNotes)),
    ProducerOptions: factsOf([...notesOf(() => resolveProducerOptions()), ...asNotes(PRODUCER_DEFAULTS)]),
    TraceOptions: factsOf([
      ...within(
        'trace.',
        notesOf(() => resolveProducerOptions({ trace: true })),
      ),
      ...asNotes(resolveProducerOptions({ trace: true }).trace),
    ]),
    // the time limit is the producer's
    SendOptions: factsOf(sendNotes.map(note => (note.name === 'timeoutMs' ? withoutValue(note) : note))),
    CallOptions: factsOf(callNotes.map(withoutValue)),
    MessageLimits: factsOf(notesOf(() => validateMessage(message(topic('t'), Buffer.of(0))))),
    SendStreamOptions: factsOf(
      notesOf(() =>
        sendAll(
          () => NEVER,
          {},
          () => undefined,
        ),
      ),
    ),
    TransactionalOptions: factsOf([...notesOf(() => resolveTransactionalOptions(transactional)), ...checkAfterNotes]),
    TransactionSendOptions: factsOf(checkAfterNotes),
    ConsumerOptions: factsOf([
      ...consumerNotes.filter(({ name }) => !name.startsWith('flow.')),
      ...asNotes(CONSUMER_DEFAULTS),
    ]),
    FlowLimits: factsOf(within('flow.', consumerNotes)),
    ProcessOptions: factsOf([
      ...notesOf(() => resolveProcessOptions({}, mode)),
      ...notesOf(() => resolveProcessOptions({ timeoutMs: 1 }, mode)).map(withoutValue),
      { name: 'onError', value: policy(new Error('any'), {}) },
    ]),
    ProcessBatchOptions: factsOf([
      ...notesOf(() => resolveProcessBatchOptions({}, mode)),
      ...notesOf(() => resolveProcessBatchOptions({ timeoutMs: 1 }, mode)).map(withoutValue),
    ]),
    FetchOptions: factsOf(notesOf(() => resolveFetchOptions())),
    PullConsumerOptions: factsOf(
      notesOf(() => resolvePullConsumerOptions(consumer, TIMING_DEFAULTS.commitMs)).filter(({ name }) =>
        ['autoCommit', 'pollTimeoutMs'].includes(name),
      ),
    ),
    PullOptions: factsOf(notesOf(() => oncePull({ topic: 't', brokerName: 'b', queueId: 0 }, { offset: 0 }))),
    EmbeddedClusterOptions: await embeddedFacts(load),
  }
}

/** The embedded cluster checks by itself: what it says is asked one by one. */
const embeddedFacts = async load => {
  const { resolveOptions } = await load('embedded/options.js')
  const { brokerNames, templateQueues, brokerStoreBytes, ...plan } = resolveOptions({})
  const settings = {
    brokers: brokerNames.length,
    host: plan.host,
    nameServerPort: plan.nameServerPort,
    clusterName: plan.clusterName,
    defaultTopicQueueNums: templateQueues,
    autoCreateTopics: plan.autoCreateTopics,
    maxStoreBytes: brokerStoreBytes * brokerNames.length,
    idleMs: plan.idleMs,
    transactionTimeOutMs: plan.transactions.timeOutMs,
    transactionCheckIntervalMs: plan.transactions.checkIntervalMs,
    transactionCheckMax: plan.transactions.checkMax,
  }
  const refusals = Object.keys(settings).map(name => {
    try {
      resolveOptions({ [name]: NaN })
    } catch (error) {
      return { name, refusal: error.message }
    }
    return { name }
  })
  return factsOf([...refusals, ...asNotes(settings)])
}
