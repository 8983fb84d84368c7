import fc from 'fast-check'
import Long from 'long'
import { describe, expect, it } from 'vitest'
import type { Disk } from '../../src/consumer/offsets/offset-disk.ts'
import { createOffsetFile } from '../../src/consumer/offsets/offset-file.ts'
import type { OffsetTable } from '../../src/consumer/offsets/offset-file.ts'
import type { KeptOffset } from '../../src/consumer/offsets/offset-store.ts'
import { isRocketError } from '../../src/errors.ts'
import { encodeOffsetFile } from '../../src/protocol/bodies/bodies.ts'
import { aQueue, nameOf, queuesNamed } from '../support/builders.ts'

const PATH = 'offsets.json'
const BACKUP = 'offsets.json.bak'

/** A disk that loses its power after so many bytes and renames: what was being written is cut short. */
const diskWith = (
  files: Map<string, Buffer> = new Map(),
  power = Infinity,
): Disk & { readonly files: Map<string, Buffer> } => {
  let left = power
  const put = async (path: string, bytes: Buffer): Promise<void> => {
    await Promise.resolve()
    files.set(path, bytes.subarray(0, Math.max(0, left)))
    left -= bytes.length
    if (left < 0) throw new Error('no power')
  }
  const missing = (path: string): Error => new Error(`no ${path}`)
  return {
    files,
    read: path => Promise.resolve(files.get(path)),
    write: put,
    copy: async (from, to) => {
      const bytes = files.get(from)
      if (bytes === undefined) throw missing(from)
      await put(to, bytes)
    },
    rename: async (from, to) => {
      await Promise.resolve()
      const bytes = files.get(from)
      if (bytes === undefined) throw missing(from)
      if (--left < 0) throw new Error('no power')
      files.set(to, bytes)
      files.delete(from)
    },
    remove: async path => {
      await Promise.resolve()
      if (left < 0) throw new Error('no power')
      files.delete(path)
    },
  }
}

/** `a0=7 b1=9` */
const offsetsOf = (text: string): readonly KeptOffset[] =>
  text
    .split(' ')
    .filter(one => one !== '')
    .map(one => one.split('='))
    .map(([name = '', offset = '']) => ({ queue: queuesNamed(name)[0] ?? aQueue(), offset: Long.fromString(offset) }))

const textOf = (table: OffsetTable): string =>
  [...table.values()].map(({ queue, offset }) => `${nameOf(queue)}=${offset.toString()}`).join(' ')

const bytesOf = (text: string): Buffer => encodeOffsetFile(offsetsOf(text))

const opened = (disk: Disk) => {
  const problems: string[] = []
  const report = (problem: unknown): number => problems.push(isRocketError(problem) ? problem.message : String(problem))
  return { file: createOffsetFile(PATH, disk, report), problems }
}

describe('offsets in a file', () => {
  it('are none at first', async () => {
    const { file, problems } = opened(diskWith())
    expect(textOf(await file.read())).toBe('')
    expect(problems).toEqual([])
  })

  it('are those written last, those of other queues stay, and the backup is one write older', async () => {
    const disk = diskWith()
    const { file } = opened(disk)
    await file.write(offsetsOf('b1=9223372036854775807 a0=7'))
    expect(disk.files.has(BACKUP)).toBe(false)
    await file.write(offsetsOf('a0=5 a10=1'))
    expect(textOf(await file.read())).toBe('a0=5 a10=1 b1=9223372036854775807')
    expect(disk.files.get(BACKUP)).toEqual(bytesOf('a0=7 b1=9223372036854775807'))
    expect([...disk.files.keys()].sort()).toEqual([PATH, BACKUP])
  })

  it('are written one after the other, and read as they are when it is asked', async () => {
    const { file } = opened(diskWith())
    const before = file.read()
    const first = file.write(offsetsOf('a0=1 a1=1'))
    const between = file.read()
    const second = file.write(offsetsOf('a0=2'))
    const after = file.read()
    await Promise.all([first, second])
    expect([await before, await between, await after].map(textOf)).toEqual(['', 'a0=1 a1=1', 'a0=2 a1=1'])
  })

  it('are not written again when nothing changes', async () => {
    const disk = diskWith()
    const { file } = opened(disk)
    await file.write(offsetsOf('a0=1 a1=1'))
    await file.write(offsetsOf('a1=1'))
    expect(disk.files.has(BACKUP)).toBe(false)
  })

  it('are the old ones or the new ones wherever the power goes, and never anything else', async () => {
    const someOffsets = fc
      .array(fc.tuple(fc.constantFrom('a0', 'a1', 'b0'), fc.nat()), { minLength: 1, maxLength: 4 })
      .map(all => all.map(([name, offset]) => `${name}=${offset}`).join(' '))
    await fc.assert(
      fc.asyncProperty(fc.array(someOffsets, { minLength: 1, maxLength: 4 }), fc.nat(1_500), async (writes, power) => {
        const disk = diskWith(new Map(), power)
        const { file } = opened(disk)
        let old = ''
        for (const text of writes) {
          const failed = await file.write(offsetsOf(text)).then(
            () => false,
            () => true,
          )
          const found = textOf(await opened(diskWith(disk.files)).file.read())
          const whole = diskWith(new Map([[PATH, bytesOf(old)]]))
          await opened(whole).file.write(offsetsOf(text))
          const next = textOf(await opened(whole).file.read())
          expect(failed ? [old, next] : [next]).toContain(found)
          old = found
        }
      }),
      { numRuns: 300 },
    )
  })

  it('are those of the backup wherever the file is cut, or the file where only the backup is', async () => {
    const [main, backup] = [bytesOf('a0=12 a1=3'), bytesOf('a0=7')]
    for (let cut = 0; cut < main.length; cut++) {
      const { file, problems } = opened(
        diskWith(
          new Map([
            [PATH, main.subarray(0, cut)],
            [BACKUP, backup],
          ]),
        ),
      )
      expect(textOf(await file.read())).toBe('a0=7')
      expect(problems).toEqual([expect.stringContaining('its backup is read')])
    }
    for (let cut = 0; cut < backup.length; cut++) {
      const { file, problems } = opened(
        diskWith(
          new Map([
            [PATH, main],
            [BACKUP, backup.subarray(0, cut)],
          ]),
        ),
      )
      expect(textOf(await file.read())).toBe('a0=12 a1=3')
      expect(problems).toEqual([])
    }
  })

  it.each([
    ['missing, its backup sound', undefined, 'a0=7', 'a0=7', 'its backup is read, which is one commit older'],
    ['cut short, without a backup', '{\n\t"off', undefined, '', 'nothing is kept, as there is no backup'],
    [
      'of negative offsets',
      '{"offsetTable":{{"brokerName":"a","queueId":0,"topic":"t"}:-1}}',
      'a0=7',
      'a0=7',
      'its backup',
    ],
  ])('which is %s are as far as can be told', async (_, main, backup, found, told) => {
    const files = new Map<string, Buffer>()
    if (main !== undefined) files.set(PATH, Buffer.from(main))
    if (backup !== undefined) files.set(BACKUP, bytesOf(backup))
    const { file, problems } = opened(diskWith(files))
    expect(textOf(await file.read())).toBe(found)
    expect(problems).toEqual([expect.stringContaining(told)])
  })

  it('which is damaged, as is its backup, is an error, and is not written over', async () => {
    const files = new Map([
      [PATH, Buffer.from('{')],
      [BACKUP, Buffer.from('[')],
    ])
    const { file } = opened(diskWith(files))
    const damaged = { code: 'ERR_RMQ_DECODE', message: expect.stringContaining('and so is their backup') as string }
    await expect(file.read()).rejects.toMatchObject(damaged)
    await expect(file.write(offsetsOf('a0=1'))).rejects.toMatchObject(damaged)
    expect(files.get(PATH)?.toString()).toBe('{')
  })

  it.each<[string, readonly (readonly [string, Buffer])[]]>([
    ['damaged', [[PATH, Buffer.from('{')]]],
    [
      'damaged, and there is a backup',
      [
        [PATH, Buffer.from('{')],
        [BACKUP, bytesOf('a0=7')],
      ],
    ],
    ['gone, and there is a backup', [[BACKUP, bytesOf('a0=7')]]],
  ])('which is %s is an error where nothing shall be recovered, and all stays as it is', async (_, given) => {
    const files = new Map(given)
    const file = createOffsetFile(PATH, diskWith(files), () => expect.unreachable('that is told by an error'), false)
    const damaged = { code: 'ERR_RMQ_DECODE', message: expect.stringContaining('autoRecovery is off') as string }
    await expect(file.read()).rejects.toMatchObject(damaged)
    await expect(file.write(offsetsOf('a0=9'))).rejects.toMatchObject(damaged)
    expect([...files]).toEqual(given)
  })

  it('which is not there yet is none where nothing shall be recovered, too', async () => {
    const files = new Map<string, Buffer>()
    const file = createOffsetFile(PATH, diskWith(files), () => undefined, false)
    expect((await file.read()).size).toBe(0)
    await file.write(offsetsOf('a0=9'))
    expect(files.get(PATH)).toEqual(bytesOf('a0=9'))
  })

  it('is sound again with the next write, also when nothing changed, and the good backup stays till then', async () => {
    const files = new Map([
      [PATH, Buffer.from('{')],
      [BACKUP, bytesOf('a0=7')],
    ])
    const disk = diskWith(files)
    await opened(disk).file.write(offsetsOf('a0=7'))
    expect(files.get(PATH)).toEqual(bytesOf('a0=7'))
    expect(files.get(BACKUP)).toEqual(bytesOf('a0=7'))
    const { file, problems } = opened(disk)
    await file.read()
    expect(problems).toEqual([])
  })

  it('goes on after a write that failed, and leaves nothing lying about', async () => {
    const disk = diskWith()
    let full = true
    const { file } = opened({
      ...disk,
      rename: (from, to) => (full ? Promise.reject(new Error('full')) : disk.rename(from, to)),
    })
    await expect(file.write(offsetsOf('a0=1'))).rejects.toMatchObject({
      code: 'ERR_RMQ_OFFSET',
      retriable: true,
      message: 'the offsets in offsets.json could not be written: full',
    })
    expect(disk.files.size).toBe(0)
    full = false
    await file.write(offsetsOf('a0=2'))
    expect(textOf(await file.read())).toBe('a0=2')
  })

  it('of two consumers are never mixed up in one draft', async () => {
    const disk = diskWith()
    const drafts = new Set<string>()
    const watched: Disk = { ...disk, write: (path, bytes) => (drafts.add(path), disk.write(path, bytes)) }
    await Promise.all([opened(watched).file.write(offsetsOf('a0=1')), opened(watched).file.write(offsetsOf('b0=2'))])
    expect(drafts.size).toBe(2)
  })
})
