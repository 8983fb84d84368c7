/**
 * Runs `npm start -- --json` and believes only its last line on stdout: every flight that was sent was received, none
 * lost, doubled, or out of order. On the embedded cluster, or on the one at ROCKETMQ_NAMESRV_ADDR.
 */
import { spawnSync } from 'node:child_process'

const PATIENCE_MS = 300_000

const { status, signal, stdout } = spawnSync('npm', ['start', '--', '--json'], {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
  timeout: PATIENCE_MS,
})
const last = stdout.trim().split('\n').at(-1) ?? ''
console.error(`check-start: ended with ${signal ?? status}, last line: ${last}`)

const { sent = 0, received, lost, duplicated, outOfOrder } = last.startsWith('{') ? JSON.parse(last) : {}
const isFlawless = sent > 0 && received === sent && lost === 0 && duplicated === 0 && outOfOrder === 0
process.exitCode = status === 0 && isFlawless ? 0 : 1
