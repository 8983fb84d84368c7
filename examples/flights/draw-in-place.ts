import type { Observer } from 'rxjs'
import type { WriteStream } from 'node:tty'

/** Draws each picture over the one before, and leaves nothing behind. */
export const drawInPlace = (terminal: WriteStream): Observer<readonly string[]> => {
  let drawn = 0
  const erase = (): string => (drawn === 0 ? '' : `\x1b[${drawn}A\r\x1b[J`)
  const end = (): void => {
    terminal.write(erase())
    drawn = 0
  }
  return {
    next: lines => {
      const fitting = lines.map(line => line.slice(0, terminal.columns - 1)) // a wrapped line would be two
      terminal.write(`${erase()}${fitting.join('\n')}\n`)
      drawn = fitting.length
    },
    error: end,
    complete: end,
  }
}
