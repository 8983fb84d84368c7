/**
 * Known vulnerabilities: in what users get none is accepted; in what only this repository uses they are told. Registries
 * need not offer audits: where this one does not, nothing was checked, which is said and is no failure.
 */
import { spawnSync } from 'node:child_process'

const PATIENCE_MS = 60_000

/** `{ findings }`, or `{ unavailable }` with the reason. */
const audit = scope => {
  const { stdout, stderr, signal } = spawnSync('npm', ['audit', '--json', ...scope], {
    shell: process.platform === 'win32',
    encoding: 'utf8',
    timeout: PATIENCE_MS,
  })
  try {
    const { vulnerabilities, message, error } = JSON.parse(stdout)
    if (vulnerabilities === undefined) return { unavailable: message ?? error?.summary ?? 'an answer that is no audit' }
    return {
      findings: Object.values(vulnerabilities).map(({ name, severity, range }) => `${name} ${range}: ${severity}`),
    }
  } catch {
    return { unavailable: signal ?? stderr.trim() }
  }
}

for (const [what, scope, isShipped] of [
  ['what users get', ['--omit=dev'], true],
  ['the tools of this repository', [], false],
]) {
  const { findings = [], unavailable } = audit(scope)
  if (unavailable !== undefined) console.log(`check-audit: ${what}: NOT CHECKED, no audit to be had: ${unavailable}`)
  else console.log(`check-audit: ${what}: ${findings.length} known vulnerabilities`)
  for (const finding of findings) console.error(isShipped ? `Error: ${finding}` : finding)
  if (isShipped && findings.length > 0) process.exitCode = 1
}
