/**
 * Runs `npm test` on the other releases of Node.js that are supported, or on those that are named as arguments. They
 * come from npm, as the package `node`. One line per release, then the sum in the form of the test runs.
 */
import { spawnSync } from 'node:child_process'

const RELEASES = ['22', '24']
const PATIENCE_MS = 500_000

const testOn = release => {
  const { status, signal, stdout, stderr } = spawnSync(
    'npx',
    ['--yes', '-p', `node@${release}`, '-c', 'node --version && npm test'],
    {
      shell: process.platform === 'win32',
      encoding: 'utf8',
      timeout: PATIENCE_MS,
      maxBuffer: 1 << 28,
      env: { ...process.env, NO_COLOR: '1' },
    },
  )
  const version = /^v(\d+)\.\S+$/m.exec(stdout)
  const closing = /^(\d+) passed, (\d+) failed, (\d+) skipped$/m.exec(stdout)
  const [passed, failed, skipped] = (closing ?? []).slice(1).map(Number)
  const isRight = version?.[1] === release && closing !== null
  const isGood = status === 0 && isRight && failed === 0
  if (!isGood) console.error(`${stdout}\n${stderr}`)
  const end = isRight ? `${passed} passed, ${failed} failed, ${skipped} skipped` : `ended with ${signal ?? status}`
  console.error(`check-node-versions: Node ${version?.[0] ?? release}: ${end}`)
  return { passed: passed ?? 0, failed: isGood ? 0 : Math.max(1, failed ?? 0), skipped: skipped ?? 0 }
}

const given = process.argv.slice(2)
const sum = (given.length > 0 ? given : RELEASES).map(testOn).reduce((all, one) => ({
  passed: all.passed + one.passed,
  failed: all.failed + one.failed,
  skipped: all.skipped + one.skipped,
}))
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`)
process.exitCode = sum.failed === 0 ? 0 : 1
