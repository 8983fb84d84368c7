import type { Finding } from './bench.ts'
import type { CostFinding } from './costs.ts'
import type { FlatFinding } from './flat.ts'
import type { LatencyFinding } from './latency.ts'
import type { RebalanceFinding } from './rebalance.ts'
import type { Row, Spread } from './rounds.ts'
import type { MemoryFinding } from './memory.ts'

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const digits = (value: number): string => (value >= 100 ? whole.format(value) : value.toPrecision(value >= 1 ? 3 : 2))
const withSpread = ({ median, min, max }: Spread): string => `${digits(median)} (${digits(min)}–${digits(max)})`

/** A finding as a table: medians, with the least and the most in brackets. */
export const table = ({ title, unit, rows }: Finding): string => {
  const width = Math.max(...rows.map(({ name }) => name.length))
  const head = `${''.padEnd(width)}  ${`${unit}s/s`.padStart(30)}  ${`CPU µs/${unit}`.padStart(22)}  ${'of the floor'.padStart(22)}`
  return [title, head, ...rows.map(row => line(row, width))].join('\n')
}

const line = (row: Row, width: number): string =>
  [
    row.name.padEnd(width),
    withSpread(row.perSecond).padStart(30),
    withSpread(row.cpuUs).padStart(22),
    withSpread(row.ratio).padStart(22),
    verdict(row),
  ].join('  ')

const verdict = ({ goal, ratio, cpuUs }: Row): string => {
  if (goal === undefined) return ''
  const parts = [
    goal.ratio === undefined ? [] : [`≥ ${goal.ratio}: ${ratio.median >= goal.ratio ? 'met' : 'missed'}`],
    goal.cpuUs === undefined ? [] : [`≤ ${goal.cpuUs} µs: ${cpuUs.median <= goal.cpuUs ? 'met' : 'missed'}`],
  ]
  return parts.flat().join(', ')
}

export const memoryLines = ({ title, peakMiB, beforeMiB, boundMiB }: MemoryFinding): string =>
  `${title}\npeak ${digits(peakMiB)} MiB (before: ${digits(beforeMiB)}), bound ${digits(boundMiB)} MiB: ${peakMiB <= boundMiB ? 'met' : 'missed'}`

/** What the heap may have grown by over all messages. */
const FLAT = 1.1

export const flatLines = ({ title, first, last }: FlatFinding): string => {
  const used = `${digits(first.usedMiB)} MiB in the first tenth, ${digits(last.usedMiB)} in the last`
  const growth = last.keptHeapMiB / first.keptHeapMiB
  const kept = `${digits(first.keptHeapMiB)} and ${digits(last.keptHeapMiB)} MiB (${digits(growth)})`
  return `${title}\n${used}; heap after a collection ${kept}, ≤ ${FLAT}: ${growth <= FLAT ? 'met' : 'missed'}`
}

export const rebalanceLines = ({ title, joinMs, leaveMs }: RebalanceFinding): string =>
  `${title}\none joins: ${withSpread(joinMs)} ms until each queue is held once; one closes: ${withSpread(leaveMs)} ms`

export const latencyLines = ({ title, rows }: LatencyFinding): string =>
  [
    title,
    ...rows.map(({ name, p50Us, p99Us }) => `${name.padEnd(12)}  p50 ${digits(p50Us)} µs, p99 ${digits(p99Us)} µs`),
  ].join('\n')

export const costLines = ({ title, rows }: CostFinding): string => {
  const width = Math.max(...rows.map(({ name }) => name.length))
  const head = `${''.padEnd(width)}  ${'ns/message'.padStart(26)}  ${'bytes/message'.padStart(26)}  ${'of a send'.padStart(10)}`
  const lines = rows.map(
    ({ name, ns, bytes, ofSend }) =>
    [name.padEnd(width), withSpread(ns).padStart(26), withSpread(bytes).padStart(26), digits(ofSend.median).padStart(10)].join('  '), // prettier-ignore
  )
  return [title, head, ...lines].join('\n')
}
