import { startEmbeddedCluster } from '../../embedded/index.ts'
import type { EmbeddedCluster } from '../../embedded/index.ts'
import type { Command } from '../command.ts'
import { EXIT, sentenceOf } from '../exit-codes.ts'
import { readFlags, usageError, wholeNumber } from '../usage.ts'

const FLAGS = {
  'nameserver-port': { type: 'string', default: '9876' },
  'broker-port': { type: 'string', default: '10911' },
  dir: { type: 'string' },
  json: { type: 'boolean', short: 'J', default: false },
} as const

const MAX_PORT = 65_535

/** The embedded cluster as a process of its own, on this machine only. */
export const broker: Command = {
  summary: 'a name server and a broker on 127.0.0.1, in memory: for development and tests',
  help: `rmq broker [--nameserver-port P] [--broker-port Q] [--json]

Runs the embedded cluster on 127.0.0.1 until SIGINT or SIGTERM. Messages live in memory and end with it.

  --nameserver-port P  default 9876; 0: any free one
  --broker-port Q      default 10911; 0: any free one
  -J, --json           when ready, one line on stdout: {"nameServers":"127.0.0.1:P","brokers":["127.0.0.1:Q"]}
`,
  run: async (args, { print, interruption }) => {
    const flags = readFlags(args, FLAGS)
    if (flags.dir !== undefined) throw usageError('--dir is not supported yet: messages live in memory')
    const nameServerPort = wholeNumber('--nameserver-port', flags['nameserver-port'], 0, MAX_PORT)
    const brokerPort = wholeNumber('--broker-port', flags['broker-port'], 0, MAX_PORT)

    let cluster: EmbeddedCluster
    try {
      cluster = await startEmbeddedCluster({ nameServerPort, brokerPorts: [brokerPort] })
    } catch (error) {
      print.note(`rmq broker: ${whyNot(error)}`)
      return EXIT.FAILED
    }
    const nameServers = cluster.nameServers.join(';')
    const { brokers } = cluster
    if (flags.json) await print.data(`${JSON.stringify({ nameServers, brokers })}\n`)
    else print.note(`name server ${nameServers}, broker ${brokers.join(', ')}; Ctrl-C ends it`)
    await interruption.wished
    await cluster.stop()
    return EXIT.OK // being told to stop is how a server ends well
  },
}

const whyNot = (error: unknown): string => {
  const { code, port } = error as NodeJS.ErrnoException & { readonly port?: number }
  return code === 'EADDRINUSE' ? `port ${String(port)} is in use: choose another, 0 is any free one` : sentenceOf(error)
}
