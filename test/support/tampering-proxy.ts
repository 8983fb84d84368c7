import { connect } from 'node:net'
import { startRawServer } from './raw-server.ts'
import type { RawServer } from './raw-server.ts'

/** Stands before a server and hands everything on, except that it may change what the server answers. */
export const startTamperingProxy = (target: string, tamper: (answer: Buffer) => Buffer): Promise<RawServer> => {
  const [host, port] = target.split(':') as [string, string]
  return startRawServer(client => {
    const server = connect(Number(port), host)
    server.on('error', () => client.destroy())
    server.on('close', () => client.destroy())
    client.on('close', () => server.destroy())
    client.on('data', chunk => server.write(chunk))
    server.on('data', (chunk: Buffer) => client.write(tamper(chunk)))
  })
}

/** Replaces a text by another of the same length wherever it stands. */
export const replacing =
  (text: string, by: string) =>
  (answer: Buffer): Buffer => {
    const changed = Buffer.from(answer)
    for (let at = changed.indexOf(text); at >= 0; at = changed.indexOf(text)) changed.write(by, at)
    return changed
  }
