import type { Running } from './bench.ts'
import type { Cost, CostsTask, Way } from './costs-process.ts'
import { inOwnProcess } from './own-process.ts'
import { spread } from './rounds.ts'
import type { Spread } from './rounds.ts'

/** What a message costs, in time and in memory that has to be collected again. */
export interface CostFinding {
  readonly title: string
  readonly rows: readonly CostRow[]
}

interface CostRow {
  readonly name: string
  readonly ns: Spread
  readonly bytes: Spread
  /** `ns` in relation to the whole plain send of the same round. */
  readonly ofSend: Spread
}

interface Part {
  readonly name: string
  readonly way: Way
  /** A whole send, of which only what it costs more than the plain one counts. */
  readonly extra?: true
}

const PARTS: readonly Part[] = [
  { name: 'send$, all of it', way: 'plain' },
  { name: '  of it: routing and health', way: 'routing' },
  { name: '  of it: statistics', way: 'statistics' },
  { name: 'more: one attempt that fails', way: 'repeated', extra: true },
  { name: 'more: one send interceptor', way: 'interceptor', extra: true },
  { name: 'more: message trace', way: 'trace', extra: true },
]
const IN_FLIGHT = 64
/** Nothing is collected while it is measured, so that what is allocated can be seen. */
const FLAGS = ['--expose-gc', '--max-semi-space-size=256', '--min-semi-space-size=256']

/** What health, repeats, statistics, interceptors and traces cost a message, on a transport that is none. */
export const costs = async (count: number, { rounds, tell }: Running): Promise<CostFinding> => {
  const remotes = PARTS.map(({ way }) =>
    inOwnProcess<Cost>('./costs-process.js', { way, count, inFlight: IN_FLIGHT } satisfies CostsTask, FLAGS),
  )
  const found = PARTS.map((): Cost[] => [])
  try {
    for (let round = 0; round <= rounds; round++) {
      for (const [i, remote] of remotes.entries()) {
        tell(`${round === 0 ? 'warming up' : `round ${round} of ${rounds}`}: ${PARTS[i]?.name.trim() ?? ''}`)
        const cost = await remote.run()
        if (round > 0) found[i]?.push(cost)
      }
    }
  } finally {
    await Promise.all(remotes.map(({ stop }) => stop()))
  }
  const plain = found[0] ?? []
  const rows = PARTS.map(({ name, extra }, i): CostRow => {
    const own = (found[i] ?? []).map(({ ns, bytes }, round): Cost => {
      const floor = extra === true ? plain[round] : undefined
      return { ns: ns - (floor?.ns ?? 0), bytes: bytes - (floor?.bytes ?? 0) }
    })
    return {
      name,
      ns: spread(own.map(({ ns }) => ns)),
      bytes: spread(own.map(({ bytes }) => bytes)),
      ofSend: spread(own.map(({ ns }, round) => ns / (plain[round]?.ns ?? Number.NaN))),
    }
  })
  return { title: `cost of a message, ${IN_FLIGHT} in flight, fake transport`, rows }
}
