// In a checkout `npx rmq` shall be the one built here, at once: npx would otherwise install this folder as a package first.
import { chmodSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'

const bin = new URL('../node_modules/.bin/', import.meta.url)
const link = new URL('rmq', bin)

chmodSync(new URL('../dist/cli/main.js', import.meta.url), 0o755)
mkdirSync(bin, { recursive: true })
rmSync(link, { force: true })
symlinkSync('../../dist/cli/main.js', link)
