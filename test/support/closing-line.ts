import type { Reporter } from 'vitest/node'

/** What a reporter is told about a test file, as far as the closing line needs it. */
export interface RunFile {
  readonly children: { allTests(): Iterable<{ result(): { readonly state: string } }> }
  state(): string
}

/**
 * Says how a run went in one plain line, the last one on stdout, also after a coverage table: `N passed, N failed,
 * N skipped`.
 */
export const closingLine = (): Reporter => {
  let line: string | undefined
  return {
    onTestRunEnd: (files, unhandledErrors) => {
      if (line === undefined) process.once('exit', () => process.stdout.write(`${line ?? ''}\n`))
      line = summary(files, unhandledErrors.length)
    },
  }
}

/** A file that could not run, and an error that no test caught, count as failed. */
export const summary = (files: readonly RunFile[], unhandledErrors: number): string => {
  const perFile = files.map(file => [...file.children.allTests()].map(test => test.result().state))
  const brokenFiles = files.filter((file, i) => file.state() === 'failed' && perFile[i]?.includes('failed') !== true)
  const states = perFile.flat()
  const passed = states.filter(state => state === 'passed').length
  const failed = states.filter(state => state === 'failed').length
  const skipped = states.length - passed - failed
  return `${passed} passed, ${failed + brokenFiles.length + unhandledErrors} failed, ${skipped} skipped`
}
