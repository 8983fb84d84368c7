import { once } from 'node:events'

/** Where a command writes: stdout belongs to data, everything else goes to stderr. The only file that writes. */
export interface Print {
  /** Data. A promise when the reader is slow: await it, and the source waits, too. */
  data(bytes: Uint8Array | string): Promise<unknown> | undefined
  /** A line for people. */
  note(line: string): void
  /** A line that the next one replaces; only on a terminal. */
  progress(line: string): void
  /** Resolves when whoever reads stdout has left, as `head` does. */
  readonly readerLeft: Promise<void>
  hasReader(): boolean
}

export const createPrint = ({ stdout, stderr }: Pick<NodeJS.Process, 'stdout' | 'stderr'> = process): Print => {
  let inProgress = false
  let hasLeft = false
  let leave: () => void = () => undefined
  const readerLeft = new Promise<void>(resolve => (leave = resolve))
  stdout.on('error', (cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EPIPE') throw cause
    hasLeft = true
    leave()
  })
  stderr.on('error', () => undefined) // nobody listens to what we say: no reason to stop

  return {
    data: bytes => {
      if (hasLeft || stdout.write(bytes)) return undefined
      return once(stdout, 'drain').catch(() => undefined) // it rejects when the reader leaves
    },
    note: line => {
      stderr.write(`${inProgress ? '\r\x1b[K' : ''}${line}\n`)
      inProgress = false
    },
    progress: line => {
      if (!stderr.isTTY) return
      stderr.write(`\r\x1b[K${line.slice(0, stderr.columns - 1)}`)
      inProgress = true
    },
    readerLeft,
    hasReader: () => !hasLeft,
  }
}
