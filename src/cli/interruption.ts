import { performance } from 'node:perf_hooks'
import { EXIT } from './exit-codes.ts'

/** The wish of a signal to stop in order. A second signal ends the process at once. */
export interface Interruption {
  /** Resolves with the exit code that the signal stands for. */
  readonly wished: Promise<number>
  /** That code, once there was a wish. */
  code(): number | undefined
}

/** npm and npx pass on the signal that the terminal gives to all: what comes within this time is one wish, ms. */
const ONE_MOMENT_MS = 300

export const createInterruption = (): Interruption => {
  let code: number | undefined
  let wishedAt = 0
  const wished = new Promise<number>(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        const isSecond = code !== undefined && performance.now() - wishedAt > ONE_MOMENT_MS
        if (isSecond) process.exit(EXIT[signal])
        if (code !== undefined) return
        code = EXIT[signal]
        wishedAt = performance.now()
        resolve(code)
      })
    }
  })
  return { wished, code: () => code }
}
