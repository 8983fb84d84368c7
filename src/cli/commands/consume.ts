import { isUtf8 } from 'node:buffer'
import { on, topic } from '../../index.ts'
import type { Delivery } from '../../index.ts'
import { CLUSTER_FLAGS, CLUSTER_HELP, clientOf, exitCodeOfStart, required } from '../command.ts'
import type { Command } from '../command.ts'
import { EXIT, sentenceOf } from '../exit-codes.ts'
import { readFlags, usageError, wholeNumber } from '../usage.ts'

const FLAGS = {
  ...CLUSTER_FLAGS,
  topic: { type: 'string', short: 't' },
  group: { type: 'string', short: 'g' },
  offset: { type: 'string', short: 'o', default: 'last' },
  count: { type: 'string', short: 'c' },
  json: { type: 'boolean', short: 'J', default: false },
  quiet: { type: 'boolean', short: 'q', default: false },
} as const

/** Messages to stdout. A slow reader slows the pulls. */
export const consume: Command = {
  summary: 'messages to stdout',
  help: `rmq consume -t TOPIC -g GROUP [-o first|last] [-c N] [--json]

Joins the group and writes each message as a line, until SIGINT. A message is acknowledged once stdout has taken it; a
reader that leaves ends the command.

  -t, --topic TOPIC
  -g, --group GROUP
  -o, --offset first|last  where a group that is new begins; default last: with what is sent from now on
  -c, --count N            so many messages, then exit
  -J, --json               one JSON object a line: topic, queue, offsets as decimal strings, properties, body as text, or
                           bodyBase64 if it is no UTF-8
${CLUSTER_HELP}
  -q, --quiet              no summary
`,
  run: async (args, { print, interruption }) => {
    const flags = readFlags(args, FLAGS)
    const messages = topic(required('-t TOPIC', flags.topic))
    const group = required('-g GROUP', flags.group)
    const limit = flags.count === undefined ? Infinity : wholeNumber('-c', flags.count, 1)
    const startFrom = startOf(flags.offset)

    const client = clientOf(flags['name-servers'])
    const toText = flags.json ? toJsonLine : toPlainLine
    let written = 0
    let hasLeft = false
    let enough: () => void = () => undefined
    const limitReached = new Promise<void>(resolve => (enough = resolve))
    const readerLeft = print.readerLeft.then(() => (hasLeft = true))

    const write = (delivery: Delivery<string, Uint8Array>): Promise<unknown> | undefined => {
      if (written >= limit || hasLeft) {
        delivery.release() // pulled ahead, and not for us
        return undefined
      }
      if (++written >= limit) enough()
      return print.data(toText(delivery))
    }
    try {
      await client.ready()
      const consumer = client.consumer({ group, subscribe: [on(messages)], startFrom })
      const telling = consumer.failures$.subscribe({
        next: ({ where, error }) => print.note(`rmq consume: ${where}: ${sentenceOf(error)}`),
        error: () => undefined, // an event stream never errors
      })
      await consumer
        .process$(delivery => write(delivery) ?? undefined, {
          concurrency: 1,
          until: Promise.race([interruption.wished, limitReached, readerLeft]),
        })
        .forEach(() => undefined)
      telling.unsubscribe()
    } catch (error) {
      print.note(`rmq consume: ${sentenceOf(error)}`)
      return exitCodeOfStart(error)
    } finally {
      await client.close()
    }
    if (!flags.quiet) print.note(`${written} received from ${messages.name}`)
    return interruption.code() ?? EXIT.OK
  },
}

const startOf = (offset: string): 'first' | 'last' => {
  if (offset === 'first' || offset === 'last') return offset
  throw usageError(`-o is "${offset}": expected first or last`)
}

const NEWLINE = Buffer.from('\n')

const toPlainLine = ({ message: { body } }: Delivery<string, Uint8Array>): Uint8Array => Buffer.concat([body, NEWLINE])

const toJsonLine = ({ message }: Delivery<string, Uint8Array>): string => {
  const { body } = message
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const shown = isUtf8(bytes) ? { body: bytes.toString('utf8') } : { bodyBase64: bytes.toString('base64') }
  return `${JSON.stringify({ ...message.toJSON(), ...shown })}\n`
}
