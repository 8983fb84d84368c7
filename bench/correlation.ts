import { EMPTY, Subject } from 'rxjs'
import type { Subscription } from 'rxjs'
import { responseFrame, requestFrame } from '../src/protocol/frames/frame.ts'
import type { Frame } from '../src/protocol/frames/frame.ts'
import type { Connection } from '../src/remoting/connection.ts'
import { createCorrelator } from '../src/remoting/correlate.ts'
import type { Finding, Running } from './bench.ts'
import { interleaved, timed } from './rounds.ts'
import type { Contestant } from './rounds.ts'

const TIMES = 200_000

/** Questions and answers by opaque, without a socket, against a bare Map that does the same. */
export const correlation = async ({ rounds, tell }: Running): Promise<readonly Finding[]> => {
  const findings: Finding[] = []
  for (const inFlight of [1, 64, 1_024]) {
    const rows = await interleaved([bareMap(inFlight), correlator(inFlight)], rounds, tell)
    findings.push({ title: `correlation, ${inFlight} in flight`, unit: 'request', rows })
  }
  return findings
}

const bareMap = (inFlight: number): Contestant => ({
  name: 'a Map of callbacks',
  run: () =>
    timed(TIMES, () => {
      const waiting = new Map<number, (frame: Frame) => void>()
      let answered = 0
      let opaque = 0
      for (let round = 0; round < TIMES / inFlight; round++) {
        const first = opaque + 1
        for (let i = 0; i < inFlight; i++) waiting.set(++opaque, () => answered++)
        for (let i = first; i <= opaque; i++) {
          const waiter = waiting.get(i)
          waiting.delete(i)
          waiter?.(ANSWER)
        }
      }
      if (answered < TIMES - inFlight) throw new Error('answers are missing')
    }),
})

const correlator = (inFlight: number): Contestant => ({
  name: 'request$',
  run: () =>
    timed(TIMES, () => {
      const frames = new Subject<Frame>()
      const asked: number[] = []
      const connection: Pick<Connection, 'endpoint' | 'frames$' | 'write$' | 'tryWrite'> = {
        endpoint: 'nowhere',
        frames$: frames,
        write$: () => EMPTY,
        tryWrite: frame => {
          asked.push(frame.opaque)
          return true
        },
      }
      const { request$, dispatch$ } = createCorrelator(connection)
      const answering = dispatch$.subscribe({ error: fail })
      const asking: Subscription[] = []
      let answered = 0
      for (let round = 0; round < TIMES / inFlight; round++) {
        for (let i = 0; i < inFlight; i++) {
          asking[i] = request$(ASK, 3_000).subscribe({ next: () => answered++, error: fail })
        }
        for (const opaque of asked.splice(0)) frames.next({ ...ANSWER, opaque })
      }
      answering.unsubscribe()
      if (answered < TIMES - inFlight) throw new Error('answers are missing')
    }),
})

const fail = (cause: unknown): never => {
  throw cause
}

const ASK = requestFrame(310)
const ANSWER = responseFrame({ opaque: 0 }, 0)
