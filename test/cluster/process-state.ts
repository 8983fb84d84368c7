import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

const PATIENCE_MS = 5_000
const POLL_MS = 2

/**
 * Resolves once no thread of the process runs any more (after SIGSTOP), or once all may run again (after SIGCONT): a
 * signal is only taken some time after it was sent. Rejects after 5 s, unless told otherwise.
 */
export async function hasState(
  pid: number,
  state: 'stopped' | 'running',
  patienceMs: number = PATIENCE_MS,
): Promise<void> {
  const isAsWanted = (letter: string) => (letter === 'T') === (state === 'stopped')
  const deadline = Date.now() + patienceMs
  for (;;) {
    const letters = await statesOf(pid)
    if (letters.length > 0 && letters.every(isAsWanted)) return
    if (Date.now() > deadline) {
      throw new Error(`process ${pid} is not ${state} after ${patienceMs} ms: "${letters.join('')}"`)
    }
    await sleep(POLL_MS)
  }
}

/** One letter for each thread on Linux, one for the whole process elsewhere; none when there is no such process. */
function statesOf(pid: number): Promise<readonly string[]> {
  return process.platform === 'linux' ? statesOfThreads(pid) : stateByPs(pid)
}

async function statesOfThreads(pid: number): Promise<readonly string[]> {
  const folder = `/proc/${pid}/task`
  const threads = await readdir(folder).catch(() => [])
  // A thread may have ended since the folder was read.
  const stats = await Promise.all(threads.map(id => readFile(`${folder}/${id}/stat`, 'utf8').catch(() => '')))
  // The name in front of the state is in brackets and may hold some itself.
  return stats.filter(stat => stat !== '').map(stat => stat.charAt(stat.lastIndexOf(')') + 2))
}

async function stateByPs(pid: number): Promise<readonly string[]> {
  const { stdout } = await run('ps', ['-o', 'stat=', '-p', String(pid)]).catch(() => ({ stdout: '' }))
  return stdout.trim() === '' ? [] : [stdout.trim().charAt(0)]
}
