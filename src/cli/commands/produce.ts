import { createInterface } from 'node:readline'
import { codecs, message, topic } from '../../index.ts'
import type { RocketError } from '../../index.ts'
import { CLUSTER_FLAGS, CLUSTER_HELP, clientOf, exitCodeOfStart, required } from '../command.ts'
import type { Command } from '../command.ts'
import { EXIT, exitCodeOf, sentenceOf } from '../exit-codes.ts'
import { readFlags, usageError } from '../usage.ts'

const FLAGS = {
  ...CLUSTER_FLAGS,
  topic: { type: 'string', short: 't' },
  'key-delimiter': { type: 'string', short: 'K' },
  quiet: { type: 'boolean', short: 'q', default: false },
} as const

/** Of many failures, so many are told one by one. */
const TOLD_FAILURES = 10
const PROGRESS_MS = 200

interface Line {
  readonly number: number
  readonly key: string | undefined
  readonly value: string
}

/** Lines of stdin to messages. Reads no faster than the broker takes them. */
export const produce: Command = {
  summary: 'lines of stdin to messages',
  help: `rmq produce -t TOPIC [-K DELIMITER] [-q]

Sends every line of stdin as a message, reading no faster than the broker takes them. Empty lines are skipped: a message
has at least one byte. Exit code 1 if any message was not stored.

  -t, --topic TOPIC
  -K, --key-delimiter DELIMITER  what stands before it in a line is the message's key: messages of a key stay in order
${CLUSTER_HELP}
  -q, --quiet                    no summary
`,
  run: async (args, { print, interruption }) => {
    const flags = readFlags(args, FLAGS)
    const lines = topic(required('-t TOPIC', flags.topic), codecs.text)
    const delimiter = flags['key-delimiter']
    if (delimiter === '') throw usageError('-K is empty: expected the text between key and value')

    const client = clientOf(flags['name-servers'])
    try {
      await client.ready()
    } catch (error) {
      print.note(`rmq produce: ${sentenceOf(error)}`)
      await client.close()
      return exitCodeOfStart(error)
    }

    const input = createInterface({ input: process.stdin, crlfDelay: Infinity })
    void interruption.wished.then(() => {
      input.close() // no line more; what is on the way ends
      process.stdin.destroy()
    })
    let read = 0
    let skipped = 0
    async function* linesOfInput(): AsyncGenerator<Line> {
      for await (const text of input) {
        read++
        const line = toLine(text, delimiter, read)
        if (line.value === '') skipped++
        else yield line
      }
    }

    let sent = 0
    const failures: RocketError[] = []
    const ticking = client.stats$(PROGRESS_MS).subscribe({
      next: () =>
        flags.quiet || print.progress(`${sent} sent${failures.length === 0 ? '' : `, ${failures.length} failed`}`),
      error: () => undefined, // a state stream never errors
    })
    await client
      .producer()
      .sendFrom$(
        linesOfInput(),
        ({ key, value }) => message(lines, value, key === undefined ? {} : { shardKey: key, keys: [key] }),
        { onError: 'continue', keyBy: line => line.key ?? line }, // a line without a key waits for no other
      )
      .forEach(outcome => {
        if (outcome.ok) sent++
        else if (failures.push(outcome.error) <= TOLD_FAILURES) {
          print.note(`line ${outcome.input.number}: ${sentenceOf(outcome.error)}`)
        }
      })
    ticking.unsubscribe()
    await client.close()

    if (!flags.quiet) print.note(summary(lines.name, sent, failures.length, skipped))
    return interruption.code() ?? exitCodeAfter(sent, failures)
  },
}

/** Where none got through, the code says why. */
const exitCodeAfter = (sent: number, [first]: readonly RocketError[]): number => {
  if (first === undefined) return EXIT.OK
  const code = exitCodeOf(first)
  return sent > 0 || code === EXIT.USAGE ? EXIT.FAILED : code
}

const toLine = (text: string, delimiter: string | undefined, number: number): Line => {
  const at = delimiter === undefined ? -1 : text.indexOf(delimiter)
  if (delimiter === undefined || at <= 0) return { number, key: undefined, value: text }
  return { number, key: text.slice(0, at), value: text.slice(at + delimiter.length) }
}

const summary = (topicName: string, sent: number, failed: number, skipped: number): string =>
  [
    `${sent} sent to ${topicName}`,
    ...(failed === 0 ? [] : [`${failed} failed`]),
    ...(skipped === 0 ? [] : [`${skipped} without a value skipped`]),
  ].join(', ')
