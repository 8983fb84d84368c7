import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Long from 'long'
import { firstValueFrom, lastValueFrom, toArray } from 'rxjs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { localAddress } from '../../src/client/runtime.ts'
import { fileOffsets } from '../../src/consumer/offsets/file-offsets.ts'
import type { FileOffsetsOptions } from '../../src/consumer/offsets/file-offsets.ts'
import type { KeptOffset } from '../../src/consumer/offsets/offset-store.ts'
import { aQueue } from '../support/builders.ts'

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'offsets-'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(dir, { recursive: true, force: true })
})

const owner = (group = 'g', clientId: string | undefined = 'me') => ({ group, clientId, report: () => undefined })
const at = (offset: number, queueId = 0): KeptOffset => ({
  queue: aQueue('broker-a', queueId),
  offset: Long.fromNumber(offset),
})

const JAVA = `{
\t"offsetTable":{{
\t\t\t"brokerName":"broker-a",
\t\t\t"queueId":0,
\t\t\t"topic":"t"
\t\t}:120,{
\t\t\t"brokerName":"broker-a",
\t\t\t"queueId":1,
\t\t\t"topic":"t"
\t\t}:98
\t}
}`

describe('offsets in files', () => {
  it('are where Java keeps them and written as it writes them', async () => {
    const store = fileOffsets({ dir })(owner())
    const kept = await lastValueFrom(store.commit$([at(98, 1), at(120)]).pipe(toArray()))
    expect(kept).toEqual([at(98, 1), at(120)])
    expect(await readFile(join(dir, 'me', 'g', 'offsets.json'), 'utf8')).toBe(JAVA)
    await lastValueFrom(store.commit$([at(121)]))
    expect((await readdir(join(dir, 'me', 'g'))).sort()).toEqual(['offsets.json', 'offsets.json.bak'])
    expect(await readFile(join(dir, 'me', 'g', 'offsets.json.bak'), 'utf8')).toBe(JAVA)
  })

  it('are found again by the same consumer after a restart, and by no other', async () => {
    await lastValueFrom(fileOffsets({ dir })(owner()).commit$([at(7)]))
    const found = (group?: string, clientId?: string) =>
      firstValueFrom(fileOffsets({ dir })(owner(group, clientId)).load$(at(0).queue))
    expect(await found()).toEqual(Long.fromNumber(7))
    expect(await found('other')).toBeUndefined()
    expect(await found('g', 'you')).toBeUndefined()
  })

  it.each([
    [{}, 'me', 'me'],
    [{ clientId: 'named' }, 'me', 'named'],
    [{}, undefined, `${localAddress()}@DEFAULT`],
  ])(
    'are under the name that is given, %j, else the configured client id, %s, else as Java calls itself',
    async (more, clientId, folder) => {
      const store = fileOffsets({ dir, ...more })({ ...owner(), clientId })
      await lastValueFrom(store.commit$([at(7)]))
      expect(await readdir(dir)).toEqual([folder])
    },
  )

  it('are read and written only when somebody subscribes, each time anew', async () => {
    const store = fileOffsets({ dir })(owner())
    const [commit$, load$] = [store.commit$([at(7)]), store.load$(at(0).queue)]
    expect(await readdir(dir)).toEqual([])
    expect(await firstValueFrom(load$)).toBeUndefined()
    await lastValueFrom(commit$)
    expect(await firstValueFrom(load$)).toEqual(Long.fromNumber(7))
  })

  it('which the disk refuses are an error that names the file', async () => {
    await writeFile(join(dir, 'me'), 'a file, where a folder should be')
    const store = fileOffsets({ dir })(owner())
    const path = join(dir, 'me', 'g', 'offsets.json')
    await expect(firstValueFrom(store.load$(at(0).queue))).rejects.toMatchObject({
      code: 'ERR_RMQ_OFFSET',
      message: expect.stringContaining(`the offsets in ${path} could not be read: ENOTDIR`) as string,
    })
    await expect(lastValueFrom(store.commit$([at(1)]))).rejects.toMatchObject({ code: 'ERR_RMQ_OFFSET' })
  })

  it.each(['..', '.', '', ' ', '. ', '../../etc', 'a/b', 'a\\b', 'a\0b', 'a\nb', 'x'.repeat(256)])(
    'stay in their directory: client id %j is refused',
    clientId => {
      expect(() => fileOffsets({ dir })(owner('g', clientId))).toThrow('cannot be the name of a folder')
      expect(() => fileOffsets({ dir, clientId })(owner())).toThrow(
        expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL' }),
      )
    },
  )

  it.each(['..', '../g', 'a/b', ''])('stay in their directory: group %j is refused', group => {
    expect(() => fileOffsets({ dir })(owner(group))).toThrow(expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL' }))
  })

  it.each([
    [{ dir: '' }, 'dir is ""'],
    [{ dir: 7 }, 'dir is 7'],
    [{ clientId: 7 }, 'clientId is 7'],
    [{ autoRecovery: 'no' }, 'autoRecovery is no'],
    [{ path: '/' }, 'fileOffsets.path is not an option'],
  ])('are not made with %j', (options, message) => {
    expect(() => fileOffsets(options as FileOffsetsOptions)).toThrow(message)
  })

  it('are in the home directory where nothing else is said', async () => {
    vi.stubEnv('HOME', dir)
    await lastValueFrom(fileOffsets()(owner()).commit$([at(7)]))
    expect(await readdir(join(dir, '.rocketmq_offsets', 'me', 'g'))).toEqual(['offsets.json'])
  })
})
