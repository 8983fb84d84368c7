import { homedir } from 'node:os'
import { join } from 'node:path'
import { concatMap, defer, from, map } from 'rxjs'
import { expected, isText, optionsOf } from '../../client/check-kinds.ts'
import { checkNames } from '../../client/check-names.ts'
import { checkedBool } from '../../client/checks.ts'
import { collected } from '../../client/problems.ts'
import { localAddress } from '../../client/runtime.ts'
import { illegal } from '../../errors.ts'
import { queueKey } from '../../messages/offsets.ts'
import { checkGroup } from '../../protocol/names.ts'
import { localDisk } from './offset-disk.ts'
import { createOffsetFile } from './offset-file.ts'
import type { Offsets } from './offset-store.ts'

/** What `fileOffsets()` is told. */
export interface FileOffsetsOptions {
  /** The directory of all groups. Default: `.rocketmq_offsets` in the home directory, as Java's client. */
  readonly dir?: string
  /**
   * Under which name this consumer finds its offsets again after a restart; consumers of one group on one machine need
   * different ones. Default: the configured client id, else `ip@DEFAULT`, as Java's client is called that gets every message.
   */
  readonly clientId?: string
  /**
   * Whether a damaged file is replaced by its backup, which is one commit older. `false`: it is an error in `failures$`, and
   * the queue is not consumed before somebody has looked at it. Default true.
   */
  readonly autoRecovery?: boolean
}

const LONGEST_NAME = 255

/**
 * Offsets in `<dir>/<client id>/<group>/offsets.json`, which Java's client reads and writes as well. A write that is cut
 * short leaves those of before; a damaged file is replaced by its backup, which `failures$` tells.
 */
export const fileOffsets = (given: FileOffsetsOptions = {}): Offsets => {
  const options = collected('fileOffsets', () => checkedOptions(given))
  const { dir = join(homedir(), '.rocketmq_offsets'), clientId, autoRecovery = true } = options
  return owner => {
    checkGroup(owner.group)
    const path = join(
      dir,
      folder('client id', clientId ?? owner.clientId ?? `${localAddress()}@DEFAULT`),
      folder('group', owner.group),
      'offsets.json',
    )
    const file = createOffsetFile(path, localDisk, owner.report, autoRecovery)
    return {
      load$: queue => defer(() => file.read()).pipe(map(table => table.get(queueKey(queue))?.offset)),
      commit$: offsets => defer(() => file.write(offsets)).pipe(concatMap(() => from(offsets))),
    }
  }
}

const checkedOptions = (given: FileOffsetsOptions): FileOffsetsOptions => {
  const options = optionsOf('options', given)
  const { dir, clientId, autoRecovery } = options
  checkNames('fileOffsets', options, { dir: 0, clientId: 0, autoRecovery: 0 })
  const isFolder = dir === undefined || (isText(dir) && dir.trim() !== '' && !dir.includes('\0'))
  expected('dir', dir, isFolder, 'a directory')
  expected('clientId', clientId, clientId === undefined || isText(clientId), 'a text')
  checkedBool('autoRecovery', autoRecovery, true)
  return options
}

/** A name that is one folder, and not a way out of the directory. */
const folder = (kind: string, name: string): string => {
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  const isFolder = !/[/\\\x00-\x1f]/.test(name) && !/^\.*$/.test(name.trim()) && name.length <= LONGEST_NAME
  if (isFolder) return name
  throw illegal(`${kind} ${JSON.stringify(name.slice(0, 80))} cannot be the name of a folder: offsets are kept in one`)
}
