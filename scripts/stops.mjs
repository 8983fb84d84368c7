/**
 * Stops members of groups under load, many times, and counts: `npm run test:stops [-- rounds [first seed]]`. Each round is
 * its seed: a failure names it, and that one can be played again alone. Progress where a person watches.
 */
import { spawnSync } from 'node:child_process'

const [rounds = '1000', seed = '1'] = process.argv.slice(2)
const env = {
  ...process.env,
  ROCKETMQ_STOP_ROUNDS: rounds,
  ROCKETMQ_STOP_SEED: seed,
  ROCKETMQ_STOP_WATCHED: process.stderr.isTTY ? 'yes' : 'no',
}
const args = [
  'vitest',
  'run',
  'test/behaviour/stops.test.ts',
  '--project',
  'behaviour',
  '--disableConsoleIntercept=true',
]
process.exitCode = spawnSync('npx', args, { env, stdio: 'inherit' }).status ?? 1
