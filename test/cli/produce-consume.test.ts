import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startEmbeddedCluster } from '../../src/embedded/index.ts'
import type { EmbeddedCluster } from '../../src/embedded/index.ts'
import { createClient, message, on, topic } from '../../src/index.ts'
import { firstWhere } from '../support/first-where.ts'
import { killChildren, RMQ, runChild, startChild } from './child.ts'

let cluster: EmbeddedCluster
let nameServers = ''
beforeAll(async () => {
  cluster = await startEmbeddedCluster()
  nameServers = cluster.nameServers.join(';')
})
afterEach(killChildren)
afterAll(() => cluster.stop())

const produce = (input: string, ...args: string[]) => runChild(RMQ, { args: ['produce', ...args], nameServers, input })
const consume = (...args: string[]) => startChild(RMQ, { args: ['consume', ...args], nameServers })
const SEND_MESSAGE_V2 = 310
const SYSTEM_BUSY = 2
const NOBODY = '127.0.0.1:1'

describe('rmq produce', { timeout: 30_000 }, () => {
  it('sends every line of stdin and sums up on stderr', async () => {
    cluster.createTopic('lines', { queues: 2 })
    const ended = await produce('a\n\nb\r\nc', '-t', 'lines')
    expect(ended).toMatchObject({ code: 0, stdout: '', stderr: '3 sent to lines, 1 without a value skipped\n' })
    expect(bodiesOf('lines').sort()).toEqual(['a', 'b', 'c'])
  })

  it('takes what stands before the delimiter as the key, and keeps the messages of a key in order', async () => {
    cluster.createTopic('keyed', { queues: 4 })
    cluster.faults.refuse(SEND_MESSAGE_V2, SYSTEM_BUSY, 5) // repeated after a moment, in which others could overtake
    const numbers = Array.from({ length: 200 }, (_, i) => i)
    const ended = await produce(numbers.map(n => `k${n % 5}=>${n}`).join('\n'), '-t', 'keyed', '-K', '=>', '-q')
    expect(ended).toMatchObject({ code: 0, stdout: '', stderr: '' })
    const stored = cluster.peek('keyed').map(({ properties, queueId, storedBody }) => ({
      key: properties['KEYS'],
      shardKey: properties['__SHARDINGKEY'],
      queueId,
      n: Number(storedBody.toString()),
    }))
    for (let k = 0; k < 5; k++) {
      const mine = stored.filter(({ key }) => key === `k${k}`)
      expect(mine.map(({ n }) => n)).toEqual(numbers.filter(n => n % 5 === k))
      expect(new Set(mine.map(({ queueId }) => queueId)).size).toBe(1)
      expect(mine.every(({ shardKey }) => shardKey === `k${k}`)).toBe(true)
    }
  })

  it('sends a line without a delimiter as it is', async () => {
    cluster.createTopic('half-keyed')
    expect(await produce('plain\n:empty key\n', '-t', 'half-keyed', '-K', ':', '-q')).toMatchObject({ code: 0 })
    expect(bodiesOf('half-keyed').sort()).toEqual([':empty key', 'plain'])
  })

  it('exits with 1 when a message failed, names its line, and sends the others', async () => {
    cluster.createTopic('some-fail')
    const { code, stderr } = await produce('a:1\nb c:2\nd:3\n', '-t', 'some-fail', '-K', ':')
    expect(code).toBe(1)
    expect(stderr).toMatch(/^line 2: key "b c" .*\n2 sent to some-fail, 1 failed\n$/)
  })

  it('exits with 3 when nobody listens, and says who did not', async () => {
    const { code, stderr } = await runChild(RMQ, { args: ['produce', '-t', 'x', '-n', NOBODY], input: 'a\n' })
    expect(code).toBe(3)
    expect(stderr).toContain(NOBODY)
  })

  it('exits with 3 when there is no route to the topic', async () => {
    const strict = await startEmbeddedCluster({ autoCreateTopics: false })
    const args = ['produce', '-t', 'missing', '-n', strict.nameServers.join(';')]
    const { code, stderr } = await runChild(RMQ, { args, input: 'a\n' })
    await strict.stop()
    expect(code).toBe(3)
    expect(stderr).toContain('no route to topic "missing"')
  })

  it('drains at SIGINT: what it has read is sent, then it exits with 130', async () => {
    const child = await stuckWithALine('interrupted')
    child.kill('SIGINT')
    await sleep(100)
    cluster.resumeBroker()
    expect(await child.ended).toMatchObject({ code: 130, stderr: '2 sent to interrupted\n' })
    expect(bodiesOf('interrupted').sort()).toEqual(['one', 'two'])
  })

  it('does not wait after the second signal', async () => {
    const child = await stuckWithALine('impatient')
    child.kill('SIGINT')
    await sleep(400) // those of one moment count as one
    child.kill('SIGTERM')
    const ended = await child.ended
    cluster.resumeBroker()
    expect(ended).toMatchObject({ code: 143, stderr: '' }) // not even a summary
  })

  /** It has sent one line, and the broker does not answer to the second. */
  const stuckWithALine = async (topic: string) => {
    cluster.createTopic(topic)
    const child = startChild(RMQ, { args: ['produce', '-t', topic], nameServers, input: 'one\n', openInput: true })
    while (cluster.peek(topic).length === 0) await sleep(10)
    cluster.pauseBroker()
    child.process.stdin.write('two\n')
    await sleep(300)
    return child
  }
})

describe('rmq consume', { timeout: 30_000 }, () => {
  it('writes so many messages and exits; the group goes on where it stopped', async () => {
    cluster.createTopic('counted', { queues: 1 })
    await produce(lines(50), '-t', 'counted', '-K', '|', '-q')
    const first = await consume('-t', 'counted', '-g', 'counters', '-o', 'first', '-c', '20').ended
    expect(first).toMatchObject({ code: 0, stderr: '20 received from counted\n' })
    const second = await consume('-t', 'counted', '-g', 'counters', '-o', 'first', '-c', '30').ended
    const all = [...first.stdout.trimEnd().split('\n'), ...second.stdout.trimEnd().split('\n')]
    expect(all.toSorted()).toEqual(lines(50).split('\n').toSorted())
  })

  it('begins with what is sent from now on unless told otherwise', async () => {
    cluster.createTopic('fresh', { queues: 1 })
    await produce('old\n', '-t', 'fresh', '-q')
    const reader = consume('-t', 'fresh', '-g', 'fresh-readers', '-c', '1', '-q')
    while (reader.process.exitCode === null) {
      await produce('new\n', '-t', 'fresh', '-q')
    }
    expect(await reader.ended).toMatchObject({ code: 0, stdout: 'new\n' })
  })

  it('begins at a time, and takes what it is told to by tag or by SQL', async () => {
    cluster.createTopic('chosen', { queues: 1 })
    await using client = createClient({ nameServers })
    const send = async (text: string, tag: string) => {
      const options = { tag, properties: { length: String(text.length) } }
      await client.producer().send(message(topic('chosen'), Buffer.from(text), options))
    }
    await send('old', 'a')
    await sleep(20)
    const time = new Date().toISOString()
    await send('new', 'a')
    await send('other', 'b')
    const taken = async (group: string, ...args: string[]) => {
      const { stdout } = await consume('-t', 'chosen', '-g', group, '-c', '1', '-q', ...args).ended
      return stdout
    }
    expect(await taken('by-time', '-o', time)).toBe('new\n')
    expect(await taken('by-tag', '-o', 'first', '--tags', 'b || c')).toBe('other\n')
    expect(await taken('by-sql', '-o', 'first', '--sql', 'length > 3')).toBe('other\n')
  })

  it('keeps the order of each queue when told so', async () => {
    cluster.createTopic('in-order', { queues: 1 })
    await produce(lines(100), '-t', 'in-order', '-K', '|', '-q')
    const ended = await consume('-t', 'in-order', '-g', 'orderly', '-o', 'first', '-c', '100', '--ordered').ended
    const stored = bodiesOf('in-order')
    expect(ended).toMatchObject({ code: 0, stdout: `${stored.join('\n')}\n` })
  })

  it('takes every message when it broadcasts, each time anew, and leaves no trace', async () => {
    cluster.createTopic('for-all', { queues: 1 })
    await produce(lines(5), '-t', 'for-all', '-q')
    const listen = () => consume('-t', 'for-all', '-g', 'all', '-o', 'first', '-c', '5', '--broadcast', '-q').ended
    for (const ended of [await listen(), await listen()]) {
      expect(ended).toMatchObject({ code: 0, stderr: '' })
      expect(ended.stdout.trimEnd().split('\n').toSorted()).toEqual(lines(5).split('\n').toSorted())
    }
    expect(cluster.offsets('all', 'for-all').size).toBe(0)
  })

  it('writes JSON with offsets as decimal strings', async () => {
    cluster.createTopic('described', { queues: 1 })
    await produce('k:v\n', '-t', 'described', '-K', ':', '-q')
    const reader = consume('-t', 'described', '-g', 'describers', '-o', 'first', '-c', '1', '--json', '-q')
    const { stdout } = await reader.ended
    expect(JSON.parse(stdout)).toMatchObject({
      topic: 'described',
      body: 'v',
      keys: ['k'],
      shardKey: 'k',
      queue: { topic: 'described', brokerName: 'broker-a', queueId: 0 },
      queueOffset: '0',
      reconsumeTimes: 0,
    })
  })

  it('writes a body that is no text as base64 in JSON, and as it is otherwise', async () => {
    cluster.createTopic('binary', { queues: 1 })
    const body = Buffer.from([0xff, 0x00, 0xfe])
    await using client = createClient({ nameServers })
    await client.producer().send(message(topic('binary'), body))
    const json = await consume('-t', 'binary', '-g', 'json-readers', '-o', 'first', '-c', '1', '-J', '-q').ended
    expect(JSON.parse(json.stdout)).toMatchObject({ bodyBase64: body.toString('base64') })
    expect(JSON.parse(json.stdout)).not.toHaveProperty('body')

    const plain = consume('-t', 'binary', '-g', 'plain-readers', '-o', 'first', '-c', '1', '-q')
    plain.process.stdout.setEncoding('latin1') // one character a byte
    const { stdout } = await plain.ended
    expect(Buffer.from(stdout, 'latin1')).toEqual(Buffer.concat([body, Buffer.from('\n')]))
  })

  it('finishes in order at SIGINT and exits with 130', async () => {
    cluster.createTopic('endless', { queues: 1 })
    await produce('one\n', '-t', 'endless', '-q')
    const reader = consume('-t', 'endless', '-g', 'endless-readers', '-o', 'first')
    await reader.wrote('stdout', /one/)
    reader.kill('SIGINT')
    expect(await reader.ended).toMatchObject({ code: 130, stdout: 'one\n', stderr: '1 received from endless\n' })
    expect(cluster.offsets('endless-readers', 'endless').get(0)).toBe('1') // it committed and left
  })

  it('exits quietly with 0 when its reader leaves', async () => {
    cluster.createTopic('piped', { queues: 1 })
    await produce(lines(500), '-t', 'piped', '-q')
    const reader = consume('-t', 'piped', '-g', 'pipers', '-o', 'first')
    await once(reader.process.stdout, 'data')
    reader.process.stdout.destroy()
    await produce(lines(500), '-t', 'piped', '-q') // writing on, it notices
    expect(await reader.ended).toMatchObject({ code: 0, stderr: '' })
  })

  it('says that a topic is not there, and waits for it', async () => {
    const reader = consume('-t', 'later', '-g', 'patient', '-o', 'first')
    await reader.wrote('stderr', /topic later does not exist yet: waiting for it/)
    reader.kill('SIGTERM')
    expect(await reader.ended).toMatchObject({ code: 143, stdout: '' })
  })

  it('says that others of the group subscribe to something else: they take messages away from each other', async () => {
    cluster.createTopic('theirs', { queues: 1 })
    await using client = createClient({ nameServers, logger: false, timing: { heartbeatMs: 5 } }) // brokers tell of the latest
    const theirs = client.consumer({ group: 'shared', subscribe: [on(topic('theirs'))] })
    const consuming = theirs.process$(() => undefined).subscribe({ error: () => undefined })
    await firstWhere(theirs.assignments$, ({ current }) => current.length > 0)
    cluster.createTopic('mine')
    const mine = consume('-t', 'mine', '-g', 'shared')
    await mine.wrote('stderr', /^rmq consume: topic "\w+": this member subscribes to .*none of it/m)
    consuming.unsubscribe()
    mine.kill('SIGINT')
    expect(await mine.ended).toMatchObject({ code: 130 })
  }, 60_000) // at worst it asks again after a quarter of a minute

  it('exits with 2 when a broker cannot read the filter, and says why', async () => {
    const ended = await consume('-t', 'lines', '-g', 'filtering', '--sql', 'a =').ended
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(ended.stderr).toMatch(/^rmq consume: .* cannot read the filter "a =" of topic "lines"/)
  })

  it('exits with 3 when nobody listens', async () => {
    const { code, stderr } = await runChild(RMQ, { args: ['consume', '-t', 'x', '-g', 'y', '-n', NOBODY] })
    expect(code).toBe(3)
    expect(stderr).toContain(NOBODY)
  })
})

const bodiesOf = (topic: string): string[] => cluster.peek(topic).map(({ storedBody }) => storedBody.toString())

const lines = (count: number): string => Array.from({ length: count }, (_, i) => `line ${i}`).join('\n')
