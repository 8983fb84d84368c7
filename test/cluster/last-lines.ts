/** The end of what a program has printed, for error messages. */
export function lastLines(text: string, count = 15): string {
  // eslint-disable-next-line no-control-regex -- Maven colours even what it writes into a pipe
  const plain = text.replaceAll(/\u001B\[[\d;]*m/g, '').trimEnd()
  return plain.split('\n').slice(-count).join('\n')
}
