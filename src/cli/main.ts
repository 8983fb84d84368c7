#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import type { Command, Io } from './command.ts'
import { broker } from './commands/broker.ts'
import { consume } from './commands/consume.ts'
import { produce } from './commands/produce.ts'
import { EXIT, exitCodeOf, sentenceOf } from './exit-codes.ts'
import { createInterruption } from './interruption.ts'
import { createPrint } from './print.ts'
import { isUsageError, suggestion, usageError } from './usage.ts'

const COMMANDS: Readonly<Record<string, Command>> = { broker, produce, consume }

const HELP = `rmq COMMAND [FLAGS]

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(8)} ${summary}`)
  .join('\n')}

rmq COMMAND -h tells more. stdout is for data only.
Exit codes: 0 ok, 1 some messages failed, 2 usage, 3 no connection or route, 4 denied, 5 timeout, 130 SIGINT, 143 SIGTERM.
`

const version = (): string => {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { readonly version: string }).version
}

const isHelp = (arg: string): boolean => arg === '-h' || arg === '--help'

const run = async ([name, ...args]: readonly string[], io: Io): Promise<number> => {
  const { print } = io
  if (name === undefined) throw usageError('a command is missing')
  if (isHelp(name) || name === '--version') {
    await print.data(isHelp(name) ? HELP : `${version()}\n`)
    return EXIT.OK
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (command === undefined) {
    throw usageError(`unknown command "${name}"${suggestion(name, Object.keys(COMMANDS))}`)
  }
  if (args.some(isHelp)) {
    await print.data(command.help)
    return EXIT.OK
  }
  return command.run(args, io)
}

const main = async (args: readonly string[]): Promise<number> => {
  const print = createPrint()
  try {
    return await run(args, { print, interruption: createInterruption() })
  } catch (error) {
    if (isUsageError(error)) {
      print.note(`rmq: ${error.message} (rmq -h tells more)`)
      return EXIT.USAGE
    }
    print.note(`rmq: ${sentenceOf(error)}`)
    return exitCodeOf(error)
  }
}

process.exitCode = await main(process.argv.slice(2))
