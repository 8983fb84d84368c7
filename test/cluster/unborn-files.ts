import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** The name of a file of a commit log or of a consume queue: the offset that it begins at. */
const NAME = /^\d{20}$/

/**
 * Removes the files that a killed broker had created but not yet given their size. 4.9 does not start with one ("length not
 * matched message store config value", apache/rocketmq#6904; mended in 5 by #6903) and leaves it to the operator to remove
 * it, which loses nothing: nothing is in it.
 */
export async function removeUnbornFiles(store: string): Promise<void> {
  const entries = await readdir(store, { recursive: true, withFileTypes: true }).catch(() => [])
  for (const entry of entries) {
    if (!entry.isFile() || !NAME.test(entry.name)) continue
    const file = join(entry.parentPath, entry.name)
    if ((await stat(file)).size === 0) await rm(file)
  }
}
