import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { killChildren, RMQ, runChild, startChild } from './child.ts'

afterEach(killChildren)

const start = (...args: string[]) => startChild(RMQ, { args: ['broker', ...args] })
const ANY_PORTS = ['--nameserver-port', '0', '--broker-port', '0']

interface Ready {
  readonly nameServers: string
  readonly brokers: readonly string[]
}

it.each(['SIGINT', 'SIGTERM'] as const)(
  'rmq broker --json says in one line where it listens, serves, and ends in order at %s',
  async signal => {
    const broker = start(...ANY_PORTS, '--json')
    const { nameServers, brokers } = JSON.parse(await broker.wrote('stdout', /\n/)) as Ready
    expect(nameServers).toMatch(/^127\.0\.0\.1:\d+$/)
    expect(brokers).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+$/)])

    const produced = await runChild(RMQ, { args: ['produce', '-t', 'news'], nameServers, input: 'one\ntwo\n' })
    expect(produced).toMatchObject({ code: 0, stdout: '' })
    const consume = ['consume', '-t', 'news', '-g', 'readers', '-o', 'first', '-c', '2', '-q']
    const consumed = await runChild(RMQ, { args: consume, nameServers })
    expect(consumed).toMatchObject({ code: 0, stderr: '' })
    expect(consumed.stdout.trimEnd().split('\n').sort()).toEqual(['one', 'two'])

    broker.kill(signal)
    const { code, stdout, stderr } = await broker.ended
    expect({ code, lines: stdout.split('\n').length - 1, stderr }).toEqual({ code: 0, lines: 1, stderr: '' })
  },
  60_000,
)

it('rmq broker takes the ports it is told, and without --json keeps stdout for data', async () => {
  const [first, second] = await freePorts()
  const broker = start('--nameserver-port', String(first), '--broker-port', String(second))
  const said = await broker.wrote('stderr', /\n/)
  expect(said).toContain(`name server 127.0.0.1:${first}, broker 127.0.0.1:${second}`)
  broker.kill('SIGTERM')
  expect(await broker.ended).toMatchObject({ code: 0, stdout: '' })
}, 30_000)

it('rmq broker names the port that is in use and exits with 1', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => taken.once('listening', resolve))
  const { port } = taken.address() as AddressInfo
  const { code, stdout, stderr } = await start('--nameserver-port', '0', '--broker-port', String(port), '--json').ended
  taken.close()
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toBe(`rmq broker: port ${port} is in use: choose another, 0 is any free one\n`)
}, 30_000)

/** Two ports that were free a moment ago. */
const freePorts = async (): Promise<readonly number[]> => {
  const servers = [createServer(), createServer()]
  await Promise.all(servers.map(server => new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))))
  const ports = servers.map(server => (server.address() as AddressInfo).port)
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  return ports
}
