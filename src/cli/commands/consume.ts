import { isUtf8 } from 'node:buffer'
import { on, topic } from '../../index.ts'
import type { Client, Consumer, Delivery } from '../../index.ts'
import { CLUSTER_FLAGS, CLUSTER_HELP, clientOf, exitCodeOfStart, required } from '../command.ts'
import type { Command } from '../command.ts'
import { EXIT, sentenceOf } from '../exit-codes.ts'
import type { Print } from '../print.ts'
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
    const writer = createWriter(print, flags.json ? toJsonLine : toPlainLine, limit)
    try {
      await client.ready()
      const consumer = client.consumer({ group, subscribe: [on(messages)], startFrom })
      const telling = tellTroubles(client, consumer, messages.name, print)
      await consumer
        .process$(writer.write, {
          concurrency: 1,
          until: Promise.race([interruption.wished, writer.limitReached, print.readerLeft]),
        })
        .forEach(() => undefined)
      telling.unsubscribe()
    } catch (error) {
      print.note(`rmq consume: ${sentenceOf(error)}`)
      return exitCodeOfStart(error)
    } finally {
      await client.close()
    }
    if (!flags.quiet && print.hasReader()) print.note(`${writer.written()} received from ${messages.name}`)
    return interruption.code() ?? EXIT.OK
  },
}

type Raw = Delivery<string, Uint8Array>

/** Writes up to so many messages; what was pulled beyond is given back. */
const createWriter = (print: Print, toText: (delivery: Raw) => Uint8Array | string, limit: number) => {
  let written = 0
  let enough: () => void = () => undefined
  const limitReached = new Promise<void>(resolve => (enough = resolve))
  return {
    write: (delivery: Raw): Promise<unknown> | undefined => {
      if (written >= limit || !print.hasReader()) {
        delivery.release()
        return undefined
      }
      if (++written >= limit) enough()
      return print.data(toText(delivery))
    },
    limitReached,
    written: () => written,
  }
}

/** What goes wrong without ending the command, and a topic that is not there. */
const tellTroubles = (client: Client, consumer: Pick<Consumer, 'failures$'>, topicName: string, print: Print) => {
  const error = (): void => undefined // streams of states and events never error
  let isMissing = false
  const telling = consumer.failures$.subscribe({
    error,
    next: failure => print.note(`rmq consume: ${failure.where}: ${sentenceOf(failure.error)}`),
  })
  telling.add(
    client.routes$(topicName).subscribe({
      error,
      next: ({ status }) => {
        if (isMissing || status !== 'missing') return
        isMissing = true
        print.note(`topic ${topicName} does not exist yet: waiting for it`)
      },
    }),
  )
  return telling
}

const startOf = (offset: string): 'first' | 'last' => {
  if (offset === 'first' || offset === 'last') return offset
  throw usageError(`-o is "${offset}": expected first or last`)
}

const NEWLINE = Buffer.from('\n')

const toPlainLine = ({ message: { body } }: Raw): Uint8Array => Buffer.concat([body, NEWLINE])

const toJsonLine = ({ message }: Raw): string => {
  const { body } = message
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const shown = isUtf8(bytes) ? { body: bytes.toString('utf8') } : { bodyBase64: bytes.toString('base64') }
  return `${JSON.stringify({ ...message.toJSON(), ...shown })}\n`
}
