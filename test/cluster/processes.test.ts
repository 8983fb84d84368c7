import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nameServerConfig } from './config-files.ts'
import { Guard } from './guard.ts'
import { serverClassPath } from './maven.ts'
import { PortTakenError, ServerProcess } from './processes.ts'
import { nameServerReady } from './readiness.ts'
import { findJava } from './tools.ts'

let folder: string
let guard: Guard

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rocketmq-processes-'))
  guard = new Guard(folder)
})

afterEach(() => guard.close())

async function nameServerOn(port: number, classPath: string): Promise<ServerProcess> {
  return new ServerProcess(
    {
      name: 'the name server',
      kind: 'namesrv',
      address: `127.0.0.1:${port}`,
      home: folder,
      config: nameServerConfig(folder, port),
    },
    { java: await findJava(), classPath, guard },
  )
}

describe('a server that cannot start', () => {
  it('shows what it printed last', async () => {
    const server = await nameServerOn(1, '/there/is/no.jar')
    await server.start()
    await expect(nameServerReady(server)).rejects.toThrow(
      /^the name server ended \(status 1\); it printed last:\n[^]*Could not find or load main class/,
    )
  })

  it('says so when somebody else has its port, for another attempt on other ports', async () => {
    const other = createServer(socket => socket.destroy()).listen(0, '0.0.0.0')
    await once(other, 'listening')
    const server = await nameServerOn(
      (other.address() as AddressInfo).port,
      await serverClassPath(process.env['ROCKETMQ_VERSION'] ?? '5.3.3'),
    )
    await server.start()
    await expect(nameServerReady(server)).rejects.toThrow(PortTakenError)
    other.close()
  })
})

describe('a guard', () => {
  it('kills what still runs and deletes the folder', async () => {
    await writeFile(join(folder, 'file'), 'content')
    const gone = spawn('sleep', ['0'])
    const running = spawn('sleep', ['600'])
    guard.started(gone.pid!)
    guard.started(running.pid!)
    await once(gone, 'exit')
    guard.ended(gone.pid!)
    await guard.close()
    expect(running.signalCode).toBe('SIGKILL')
    expect(existsSync(folder)).toBe(false)
  })
})
