import { copyFile, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** What a file of offsets needs of a disk. */
export interface Disk {
  /** Undefined when there is no such file. */
  read(path: string): Promise<Buffer | undefined>
  /** Makes the directories as well. Ends when the bytes are on the disk. */
  write(path: string, bytes: Buffer): Promise<void>
  copy(from: string, to: string): Promise<void>
  /** At once or not at all. */
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
}

export const localDisk: Disk = {
  read: async path => {
    try {
      return await readFile(path)
    } catch (cause) {
      if (isMissing(cause)) return undefined
      throw cause
    }
  },
  write: async (path, bytes) => {
    await mkdir(dirname(path), { recursive: true })
    const file = await open(path, 'w')
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
  },
  copy: copyFile,
  rename,
  remove: path => rm(path, { force: true }),
}

const isMissing = (cause: unknown): boolean => cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
