import { firstValueFrom, timer } from 'rxjs'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { codecs, message, on, topic } from '../../src/index.ts'
import { compilePackage } from '../support/compiled-package.ts'
import type { CompiledPackage, Running } from '../support/compiled-package.ts'
import { quietClient } from '../support/quiet-client.ts'
import { readAll } from '../support/stored.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'

let cluster: TestCluster
let compiled: CompiledPackage
const running: Running[] = []
beforeAll(async () => {
  ;[cluster, compiled] = await Promise.all([startTarget(), compilePackage()])
})
afterEach(() => {
  for (const script of running.splice(0)) script.process.kill('SIGKILL')
})
afterAll(async () => {
  await cluster.stop()
  await compiled.remove()
})

const start = async (script: string): Promise<Running> => {
  const prelude = `
    import { codecs, createClient, message, on, topic, withClient } from 'rocketmq-rxjs'
    import { firstValueFrom, lastValueFrom, NEVER, Subject, timer } from 'rxjs'
    const client = createClient({ nameServers: process.env.NAME_SERVERS, logger: false })
  `
  const script$ = await compiled.run(prelude + script, cluster.nameServers)
  running.push(script$)
  return script$
}
const printed = (script: Running, text: string): Promise<unknown> =>
  expect.poll(() => script.output(), { timeout: 20_000, interval: 20 }).toContain(text)
const textTopic = async () => {
  const texts = topic(unique('texts'), codecs.text)
  await cluster.createTopic(texts.name, { queues: 1 })
  return texts
}

it('a process that sent something and forgot to close ends by itself, at once', async () => {
  const texts = await textTopic()
  const script = await start(`
    const texts = topic('${texts.name}', codecs.text)
    const producer = client.producer()
    console.log('status', (await producer.send(message(texts, 'x'))).status)
    client.consumer({ group: 'never_subscribed', subscribe: [on(texts)] })
    client.routes$(texts).subscribe()
    client.stats$().subscribe()
    client.events$.subscribe()
    producer.pressure$.subscribe()
    console.log('done', Math.round(process.uptime() * 1000))
  `)
  const { code, signal, output } = await script.ended
  expect([code, signal]).toEqual([0, null])
  expect(output).toContain('status ok')
})

it('a process waits for the sends that are on the way', async () => {
  const texts = await textTopic()
  const script = await start(`
    const texts = topic('${texts.name}', codecs.text)
    const producer = client.producer({ timeoutMs: 30000 })
    for (let n = 0; n < 500; n++) producer.send$(message(texts, String(n))).subscribe()
  `)
  expect(await script.ended).toMatchObject({ code: 0, output: '' })
  await using client = quietClient(cluster)
  expect(await readAll(client, texts, { atLeast: 500 })).toHaveLength(500)
})

it('a subscribed consumer keeps its process alive; stopped with until, it ends in order and with code 0', async () => {
  const texts = await textTopic()
  const group = unique('g')
  const script = await start(`
    const stops = new Subject()
    process.once('SIGTERM', () => stops.next())
    const consumer = client.consumer({ group: '${group}', subscribe: [on(topic('${texts.name}', codecs.text))], startFrom: 'first' })
    consumer.process$(({ message }) => console.log('got', message.body), { until: stops })
      .subscribe({ complete: () => console.log('complete') })
  `)
  await using client = quietClient(cluster)
  await client.producer().send(message(texts, 'one'))
  await printed(script, 'got one')
  await firstValueFrom(timer(1_500)) // nothing to do, and still there
  await client.producer().send(message(texts, 'two'))
  await printed(script, 'got two')
  script.process.kill('SIGTERM')
  const { code, output } = await script.ended
  expect([code, output]).toEqual([0, 'got one\ngot two\ncomplete\n'])
})

it('a process whose consumer was unsubscribed ends, after the group was left', async () => {
  const texts = await textTopic()
  const script = await start(`
    const consumer = client.consumer({ group: '${unique('g')}', subscribe: [on(topic('${texts.name}', codecs.text))], startFrom: 'first' })
    await firstValueFrom(consumer.process$(() => undefined))
    console.log('unsubscribed')
  `)
  await using client = quietClient(cluster)
  await client.producer().send(message(texts, 'one'))
  const { code, output } = await script.ended
  expect([code, output]).toEqual([0, 'unsubscribed\n'])
})

it('await using and withClient close before they are over, and the process ends', async () => {
  const texts = await textTopic()
  const script = await start(`
    const texts = topic('${texts.name}', codecs.text)
    const config = { nameServers: process.env.NAME_SERVERS, logger: false }
    const states = []
    await lastValueFrom(withClient(config, inner => {
      inner.state$.subscribe(state => states.push(state))
      return inner.producer().send$(message(texts, 'x'))
    }))
    console.log(states.join())
    const report = await client.close()
    console.log(JSON.stringify(report))
  `)
  const { code, output } = await script.ended
  const report = '{"forced":false,"unsettled":0,"unsent":0,"inFlight":0,"uncommitted":0}'
  expect([code, output]).toEqual([0, `idle,starting,running,draining,closed\n${report}\n`])
})

it('a member that is killed loses its queues to the others at once, and they go on with what it had in hand', async () => {
  const texts = await textTopic()
  const group = unique('g')
  const script = await start(`
    const consumer = client.consumer({ group: '${group}', subscribe: [on(topic('${texts.name}', codecs.text))], startFrom: 'first' })
    consumer.process$(({ message }) => { console.log('got', message.body); return NEVER }).subscribe()
  `)
  await using client = quietClient(cluster)
  await client.producer().send(message(texts, 'stuck'))
  await printed(script, 'got stuck')
  const consumer = client.consumer({ group, subscribe: [on(texts)], startFrom: 'first' })
  const taken = firstValueFrom(consumer.process$(() => undefined))
  await firstValueFrom(timer(300))
  script.process.kill('SIGKILL')
  expect((await taken).delivery.message.body).toBe('stuck')
})
