import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { askOk } from './ask.ts'
import { nameServerConfig } from './config-files.ts'
import { Guard } from './guard.ts'
import { serverClassPath } from './maven.ts'
import { freeClusterPorts } from './ports.ts'
import { hasState } from './process-state.ts'
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

describe('a server that is paused', () => {
  /** Read at once, before the process has a moment more. */
  const threadStates = (pid: number): string => {
    if (process.platform !== 'linux') {
      return execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).charAt(0)
    }
    const folder = `/proc/${pid}/task`
    const stats = readdirSync(folder).map(id => readFileSync(`${folder}/${id}/stat`, 'utf8'))
    return stats.map(stat => stat.charAt(stat.lastIndexOf(')') + 2)).join('')
  }

  const version = process.env['ROCKETMQ_VERSION'] ?? '5.3.3'

  const runningNameServer = async () => {
    const { nameServer } = await freeClusterPorts(1)
    const server = await nameServerOn(nameServer, await serverClassPath(version))
    await server.start()
    await nameServerReady(server)
    return server
  }

  it('stands still with all its threads as soon as pausing is over, so that nothing asked from then on is answered', async () => {
    const server = await runningNameServer()
    for (let round = 0; round < 10; round++) {
      await server.pause()
      expect(threadStates(server.pid!)).toMatch(/^T+$/)
      const answer = askOk(server.address, 106).then(() => 'answered')
      expect(await Promise.race([answer, sleep(20, 'silent')])).toBe('silent')
      await server.resume()
      expect(threadStates(server.pid!)).not.toContain('T')
      expect(await answer).toBe('answered')
    }
    await server.kill()
  })

  it('does not pause when it does not run', async () => {
    const server = await nameServerOn(1, '/there/is/no.jar')
    await expect(server.pause()).rejects.toThrow('the name server is not running')
  })
})

describe('the state of a process', () => {
  it('is waited for, but not for ever', async () => {
    const running = spawn('sleep', ['600'])
    try {
      await hasState(running.pid!, 'running')
      await expect(hasState(running.pid!, 'stopped', 100)).rejects.toThrow(/is not stopped after 100 ms: "[SR]"/)
      running.kill('SIGSTOP')
      await hasState(running.pid!, 'stopped')
      running.kill('SIGCONT')
      await hasState(running.pid!, 'running')
    } finally {
      running.kill('SIGKILL')
    }
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
