import { isRocketError, offsetFileDamaged, offsetFileFailed } from '../../errors.ts'
import { queueKey } from '../../messages/offsets.ts'
import { decodeOffsetFile, encodeOffsetFile } from '../../protocol/bodies/bodies.ts'
import { compareQueues } from '../../protocol/bodies/routes.ts'
import type { Disk } from './offset-disk.ts'
import type { KeptOffset } from './offset-store.ts'

/** How far queues are consumed, by their keys. */
export type OffsetTable = ReadonlyMap<string, KeptOffset>

export interface OffsetFile {
  read(): Promise<OffsetTable>
  /** Writes these; those of other queues stay. One call is carried out after the other. */
  write(offsets: readonly KeptOffset[]): Promise<void>
}

/** What is on the disk, and whether the file itself is sound, so that it may become the backup. */
interface Found {
  readonly table: OffsetTable
  readonly sound: boolean
}

let writers = 0 // two consumers with one file must not write into the same temporary one

/**
 * Offsets in a file, which Java's client reads too. Without `autoRecovery` a damaged file is an error. At every moment the
 * file or its backup is whole: what is new is written beside it, to the disk, and then takes its place.
 */
export const createOffsetFile = (
  path: string,
  disk: Disk,
  report: (problem: unknown) => void,
  autoRecovery = true,
): OffsetFile => {
  const backup = `${path}.bak`
  const draft = `${path}.${process.pid}-${++writers}.tmp`

  const find = async (): Promise<Found> => {
    const main = decoded(await disk.read(path))
    if (main.table !== undefined) return { table: main.table, sound: true }
    const second = decoded(await disk.read(backup))
    const isDamaged = (main.problem ?? second.problem ?? second.table) !== undefined
    if (isDamaged && !autoRecovery) {
      throw offsetFileDamaged(path, 'autoRecovery is off', main.problem ?? second.problem)
    }
    if (second.table !== undefined) {
      report(offsetFileDamaged(path, 'its backup is read, which is one commit older', main.problem ?? second.problem))
      return { table: second.table, sound: false }
    }
    if (second.problem !== undefined) throw offsetFileDamaged(path, 'and so is their backup', second.problem)
    // as Java: a first write that was cut short has kept nothing
    if (main.problem !== undefined)
      report(offsetFileDamaged(path, 'nothing is kept, as there is no backup', main.problem))
    return { table: new Map(), sound: false }
  }

  const overlay = async (offsets: readonly KeptOffset[]): Promise<void> => {
    const { table, sound } = await find()
    const next = new Map(table)
    for (const one of offsets) next.set(queueKey(one.queue), one)
    if (sound && offsets.every(({ queue, offset }) => table.get(queueKey(queue))?.offset.equals(offset))) return
    const sorted = [...next.values()].sort((a, b) => compareQueues(a.queue, b.queue))
    await replace(encodeOffsetFile(sorted), sound)
  }
  const replace = async (bytes: Buffer, sound: boolean): Promise<void> => {
    try {
      await disk.write(draft, bytes)
      if (sound) await disk.copy(path, backup) // a damaged file must not take the place of a good backup
      await disk.rename(draft, path)
    } catch (cause) {
      await disk.remove(draft).catch(() => undefined) // what counts is why it could not be written
      throw cause
    }
  }

  let last: Promise<unknown> = Promise.resolve()
  let reading: Promise<OffsetTable> | undefined
  const inTurn = <T>(what: 'read' | 'written', work: () => Promise<T>): Promise<T> => {
    const done = last.then(work).catch((cause: unknown): never => {
      throw isRocketError(cause) ? cause : offsetFileFailed(what, path, cause)
    })
    last = done.catch(() => undefined) // its caller is told
    return done
  }

  return {
    read: () => {
      reading ??= inTurn('read', async () => {
        reading = undefined // who comes from here on may want what is written meanwhile
        return (await find()).table
      })
      return reading
    },
    write: offsets => {
      reading = undefined // who reads from here on reads this
      return inTurn('written', () => overlay(offsets))
    },
  }
}

/** A table; or why there is none, undefined where there is no file. */
const decoded = (bytes: Buffer | undefined): { readonly table?: OffsetTable; readonly problem?: unknown } => {
  if (bytes === undefined) return {}
  try {
    return { table: new Map(decodeOffsetFile(bytes).map(one => [queueKey(one.queue), one])) }
  } catch (problem) {
    return { problem }
  }
}
