import { isUtf8 } from 'node:buffer'
import { memoryOffsets, on, topic } from '../../index.ts'
import type { Client, Consumer, Delivery, MessageFilter, StartFrom } from '../../index.ts'
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
  tags: { type: 'string' },
  sql: { type: 'string' },
  ordered: { type: 'boolean', default: false },
  broadcast: { type: 'boolean', default: false },
  count: { type: 'string', short: 'c' },
  json: { type: 'boolean', short: 'J', default: false },
  quiet: { type: 'boolean', short: 'q', default: false },
} as const

/** Messages to stdout. A slow reader slows the pulls. */
export const consume: Command = {
  summary: 'messages to stdout',
  help: `rmq consume -t TOPIC -g GROUP [-o first|last|TIME] [--tags TAGS|--sql EXPRESSION] [-c N] [--json]

Joins the group and writes each message as a line, until SIGINT. A message is acknowledged once stdout has taken it; a
reader that leaves ends the command.

  -t, --topic TOPIC
  -g, --group GROUP
  -o, --offset WHERE       where a group that is new begins: first, last, or a time such as 2030-01-31T08:00:00Z; default
                           last: with what is sent from now on
      --tags 'A || B'      only messages with one of these tags
      --sql EXPRESSION     only messages whose properties match, in SQL92: brokers must have enablePropertyFilter=true
      --ordered            in the order of each queue, which no other member of the group gets meanwhile
      --broadcast          every message, whatever other members get; nothing is kept, so each time begins at -o
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
    const subscribe = [on(messages, filterOf(flags.tags, flags.sql))]
    const ordering = flags.ordered ? 'queue' : 'none'
    const sharing = flags.broadcast ? ({ model: 'broadcasting', offsets: memoryOffsets() } as const) : {}

    const client = clientOf(flags['name-servers'])
    const writer = createWriter(print, flags.json ? toJsonLine : toPlainLine, limit)
    try {
      await client.ready()
      const consumer = client.consumer({ group, subscribe, startFrom, ordering, ...sharing })
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

/** What goes wrong without ending the command, a topic that is not there, and members of the group who consume otherwise. */
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
  telling.add(
    client.events$.subscribe({
      error,
      next: event => {
        if (event.type === 'subscription-conflict') for (const one of event.conflicts) print.note(`rmq consume: ${one}`)
      },
    }),
  )
  return telling
}

const startOf = (offset: string): StartFrom => {
  if (offset === 'first' || offset === 'last') return offset
  const time = new Date(offset)
  // a number alone would be taken for a year, or worse
  const [, day] = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/.exec(offset) ?? []
  if (day !== undefined && isDay(day) && !Number.isNaN(time.getTime())) return time
  throw usageError(`-o is "${offset}": expected first, last, or a time such as 2030-01-31T08:00:00Z`)
}

/** The 31st of February would be taken for a day in March. */
const isDay = (text: string): boolean => {
  const day = new Date(text)
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text)
}

const filterOf = (tags: string | undefined, sql: string | undefined): MessageFilter => {
  if (tags !== undefined && sql !== undefined) throw usageError('--tags and --sql exclude each other')
  // such as a variable that is not set: it must not mean all messages
  for (const [flag, text] of Object.entries({ tags, sql }))
    if (text?.trim() === '') throw usageError(`--${flag} is empty`)
  if (sql !== undefined) return { sql }
  return tags === undefined ? {} : { tags }
}

const NEWLINE = Buffer.from('\n')

const toPlainLine = ({ message: { body } }: Raw): Uint8Array => Buffer.concat([body, NEWLINE])

const toJsonLine = ({ message }: Raw): string => {
  const { body } = message
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const shown = isUtf8(bytes) ? { body: bytes.toString('utf8') } : { bodyBase64: bytes.toString('base64') }
  return `${JSON.stringify({ ...message.toJSON(), ...shown })}\n`
}
