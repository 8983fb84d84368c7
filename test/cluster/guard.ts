import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/**
 * Reads `started PID` and `ended PID` until its input closes, which the kernel does for whoever dies, then kills
 * what is still listed and deletes the folder.
 */
const SCRIPT = `
trap '' INT TERM HUP
folder=$1
pids=' '
while read -r verb pid; do
  case $verb in
    started) pids="$pids$pid " ;;
    ended) pids="\${pids%% $pid *} \${pids#* $pid }" ;;
  esac
done
for pid in $pids; do kill -9 "$pid"; done
for attempt in 1 2 3 4 5 6 7 8 9 10; do
  rm -rf "$folder" && [ -z "\${pids# }" ] && break
  sleep 0.2
done
`

/**
 * A small shell process that outlives this one just long enough to clean up. Handlers of `exit` and of signals would
 * not do: they never run when a test runner ends its workers by SIGKILL.
 */
export class Guard {
  readonly #shell: ChildProcess

  constructor(folder: string) {
    // Detached: a Ctrl-C in the terminal goes to the whole process group of the test run.
    this.#shell = spawn('/bin/sh', ['-c', SCRIPT, 'sh', folder], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      cwd: '/',
    })
    this.#shell.stdin?.on('error', () => undefined)
    this.#shell.unref()
    process.once('disconnect', this.#letGo)
  }

  // A worker of a test runner may live on for a while after the runner, from which it is then disconnected.
  readonly #letGo = (): void => {
    this.#shell.stdin?.end()
  }

  started(pid: number): void {
    this.#shell.stdin?.write(`started ${pid}\n`)
  }

  ended(pid: number): void {
    this.#shell.stdin?.write(`ended ${pid}\n`)
  }

  /** Cleans up now. */
  async close(): Promise<void> {
    process.off('disconnect', this.#letGo)
    if (this.#shell.exitCode !== null || this.#shell.signalCode !== null) return
    this.#shell.ref()
    this.#letGo()
    await once(this.#shell, 'exit')
  }
}
