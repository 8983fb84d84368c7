import { readFile, rm, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

const PATIENCE_MS = 300_000

/** One process at a time does the work; the lock of a process that has gone counts no more. */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS
  while (!(await takeLock(file))) {
    if (Date.now() > deadline) throw new Error(`Another process holds ${file}; delete it if that process has gone`)
    const owner = Number(await readFile(file, 'utf8').catch(() => '')) // 0 in the moment before the owner has written
    if (owner > 0 && !isAlive(owner)) await rm(file, { force: true })
    else await sleep(200)
  }
  try {
    return await work()
  } finally {
    await rm(file, { force: true })
  }
}

async function takeLock(file: string): Promise<boolean> {
  try {
    await writeFile(file, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
