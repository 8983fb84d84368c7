import { parseArgs } from 'node:util'
import { checkedInt } from '../src/client/checks.ts'
import type { Finding, Running } from './bench.ts'
import { codec } from './codec.ts'
import { consuming, waysOfConsuming } from './consuming.ts'
import { costs } from './costs.ts'
import type { CostFinding } from './costs.ts'
import { correlation } from './correlation.ts'
import { flat } from './flat.ts'
import type { FlatFinding } from './flat.ts'
import { latency } from './latency.ts'
import type { LatencyFinding } from './latency.ts'
import type { Target } from './load.ts'
import { memory } from './memory.ts'
import type { MemoryFinding } from './memory.ts'
import { rebalance } from './rebalance.ts'
import type { RebalanceFinding } from './rebalance.ts'
import { sending } from './sending.ts'
import { sharing } from './sharing.ts'
import { costLines, flatLines, latencyLines, memoryLines, rebalanceLines, table } from './table.ts'
import { startEmbedded, startReal } from './targets.ts'

const USAGE = `npm run bench -- [--target embedded|real|both] [--only codec,correlation,costs,send,share,latency,consume,ways,rebalance,memory,flat] [--rounds N] [--quick] [--json]

Rates are ratios to a floor measured in the same run, in rounds that take turns. The real broker needs a JDK and Maven.`

const ON_BROKERS = ['send', 'share', 'latency', 'consume', 'ways', 'rebalance', 'memory', 'flat']
const BENCHES = ['codec', 'correlation', 'costs', ...ON_BROKERS]

const { values } = parseArgs({
  options: {
    target: { type: 'string', default: 'both' },
    only: { type: 'string', default: BENCHES.join() },
    rounds: { type: 'string', default: '5' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const tell = (progress: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${progress}`)
}
/** Misspelt, an option would leave out what was asked for. */
const checked = (option: string, given: readonly string[], known: readonly string[]): readonly string[] => {
  const stranger = given.find(word => !known.includes(word))
  if (stranger === undefined) return given
  process.stderr.write(`--${option} "${stranger}": expected ${known.join(', ')}\n\n${USAGE}\n`)
  process.exit(2)
}
const only = new Set(checked('only', values.only.split(','), BENCHES))
checked('target', [values.target], ['embedded', 'real', 'both'])
const scale = values.quick ? 0.1 : 1
const running: Running = { rounds: checkedInt('rounds', Number(values.rounds), 5, [1, 1_000]), tell }
const findings: Finding[] = []
const memories: MemoryFinding[] = []
const latencies: LatencyFinding[] = []
const costings: CostFinding[] = []
const rebalances: RebalanceFinding[] = []
const flats: FlatFinding[] = []
const show = (text: string): void => {
  tell('')
  if (!values.json) process.stdout.write(`${text}\n\n`)
}
const found = (finding: Finding): void => {
  findings.push(finding)
  show(table(finding))
}

const onTarget = async (target: Target): Promise<void> => {
  try {
    if (only.has('send')) {
      for (const [inFlight, count] of [
        [1, 10_000],
        [64, 60_000],
        [512, 60_000],
      ] as const) {
        found(await sending(inFlight, count * scale)(target, running))
      }
    }
    if (only.has('latency')) {
      const finding = await latency(target, 10_000 * scale, running)
      latencies.push(finding)
      show(latencyLines(finding))
    }
    if (only.has('share')) found(await sharing(100_000 * scale)(target, running))
    if (only.has('consume')) {
      found(await consuming(200_000 * scale, 256)(target, running))
      found(await consuming(50_000 * scale, 4_096)(target, running))
    }
    if (only.has('ways')) found(await waysOfConsuming(100_000 * scale)(target, running))
    if (only.has('rebalance')) {
      const finding = await rebalance(target, running)
      rebalances.push(finding)
      show(rebalanceLines(finding))
    }
    if (only.has('memory')) {
      const finding = await memory(target, 200_000 * scale, running)
      memories.push(finding)
      show(memoryLines(finding))
    }
    if (only.has('flat')) {
      const finding = await flat(target, 1_000_000 * scale, running)
      flats.push(finding)
      show(flatLines(finding))
    }
  } finally {
    await target.stop()
  }
}

const main = async (): Promise<void> => {
  if (values.help) return void process.stdout.write(`${USAGE}\n`)
  if (only.has('codec')) for (const finding of await codec(running)) found(finding)
  if (only.has('correlation')) for (const finding of await correlation(running)) found(finding)
  if (only.has('costs')) {
    const finding = await costs(6_000 * scale, running)
    costings.push(finding)
    show(costLines(finding))
  }
  const onBrokers = ON_BROKERS.some(name => only.has(name))
  if (onBrokers && values.target !== 'real') await onTarget(await startEmbedded())
  if (onBrokers && values.target !== 'embedded') await onTarget(await startReal())
  if (!values.json) return
  const all = { findings, latencies, memories, costings, rebalances, flats }
  process.stdout.write(`${JSON.stringify({ node: process.version, ...all })}\n`)
}

await main()
