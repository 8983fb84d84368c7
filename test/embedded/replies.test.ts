import { describe, expect, it } from 'vitest'
import { encodeHeartbeat } from '../../src/protocol/bodies/bodies.ts'
import { readProperties } from '../../src/protocol/messages/properties.ts'
import { aBroker, anAsker, eventually } from './cluster.ts'
import { sendFields } from './requests.ts'
import { virtualClock } from './virtual-clock.ts'

const REPLY_V2 = 325
const REPLIES = 'DefaultCluster_REPLY_TOPIC'
const reply = (properties: Readonly<Record<string, string>> = {}) =>
  sendFields(REPLIES, 0, {
    MSG_TYPE: 'reply',
    CORRELATION_ID: 'c-1',
    REPLY_TO_CLIENT: 'asker',
    TTL: '3000',
    ...properties,
  })

/** A broker, whoever asks, and whoever replies. */
const aConversation = async (options = {}) => {
  const { cluster, broker: replier } = await aBroker(options)
  const asker = await anAsker(cluster.brokers[0])
  const announce = (connection = asker) =>
    connection.ask(34, {}, encodeHeartbeat({ clientId: 'asker', producerGroups: ['p'], consumers: [] }))
  return { cluster, replier, asker, announce }
}

describe('a reply', () => {
  it('is handed to who asked, and its sender is told when it was taken', async () => {
    const { cluster, replier, asker, announce } = await aConversation()
    await announce()
    const answered = replier.ask(REPLY_V2, reply(), 'the reply')
    await eventually(() => asker.pushed.length === 1, 'it is pushed')
    const [pushed] = asker.pushed
    expect(pushed).toMatchObject({ code: 326, flag: 0, fields: { topic: REPLIES, producerGroup: 'producers' } })
    expect(pushed!.body.toString()).toBe('the reply')
    expect(pushed!.fields['storeHost']).toBe(cluster.brokers[0])
    expect(readProperties(pushed!.fields['properties'] ?? '')).toMatchObject({
      CORRELATION_ID: 'c-1',
      MSG_TYPE: 'reply',
      PUSH_REPLY_TIME: expect.stringMatching(/^\d+$/) as string,
    })
    asker.answer(pushed!, 0)
    expect(await answered).toMatchObject({ code: 0, fields: { queueId: '0', queueOffset: '0' } })
    expect(cluster.peek(REPLIES).map(({ storedBody }) => storedBody.toString())).toEqual(['the reply'])
  })

  it('may come in the first version of its header, too', async () => {
    const { replier, asker, announce } = await aConversation()
    await announce()
    const { i: properties } = reply()
    const fields = {
      producerGroup: 'p',
      topic: REPLIES,
      defaultTopic: 'TBW102',
      defaultTopicQueueNums: '4',
      queueId: '0',
    }
    const more = { sysFlag: '0', bornTimestamp: '1', flag: '0', properties }
    const answered = replier.ask(324, { ...fields, ...more }, 'x')
    await eventually(() => asker.pushed.length === 1, 'it is pushed')
    asker.answer(asker.pushed[0]!, 0)
    expect((await answered).code).toBe(0)
  })

  it('goes to the newest connection of the client', async () => {
    const { cluster, replier, asker, announce } = await aConversation()
    await announce()
    const newer = await anAsker(cluster.brokers[0])
    await announce(newer)
    const answered = replier.ask(REPLY_V2, reply(), 'x')
    await eventually(() => newer.pushed.length === 1, 'it is pushed')
    newer.answer(newer.pushed[0]!, 0)
    expect([(await answered).code, asker.pushed]).toEqual([0, []])
  })

  it.each([
    ['to a client that is unknown here', reply(), /"asker" has announced no producer/],
    ['to nobody', sendFields(REPLIES, 0, { MSG_TYPE: 'reply', CORRELATION_ID: 'c' }), /which client/],
  ])('%s is kept, and refused', async (_, fields, remark) => {
    const { cluster, replier } = await aConversation()
    const answer = await replier.ask(REPLY_V2, fields, 'x')
    expect(answer).toMatchObject({ code: 1, fields: { queueId: '0', queueOffset: '0' } })
    expect(answer.remark).toMatch(remark)
    expect(cluster.peek(REPLIES)).toHaveLength(1)
  })

  it('fails when who asked refuses it', async () => {
    const { replier, asker, announce } = await aConversation()
    await announce()
    const answered = replier.ask(REPLY_V2, reply(), 'x')
    await eventually(() => asker.pushed.length === 1, 'it is pushed')
    asker.answer(asker.pushed[0]!, 1)
    expect(await answered).toMatchObject({ code: 1, remark: expect.stringMatching(/did not take/) as string })
  })

  it('fails when who asked leaves', async () => {
    const { replier, asker, announce } = await aConversation()
    await announce()
    const answered = replier.ask(REPLY_V2, reply(), 'x')
    await eventually(() => asker.pushed.length === 1, 'it is pushed')
    asker.close()
    expect((await answered).code).toBe(1)
    expect((await replier.ask(REPLY_V2, reply(), 'x')).remark).toMatch(/no producer/)
  })

  it('fails when it is not taken within ten seconds; what is said later is nothing', async () => {
    const { scheduler, advanceTo } = virtualClock()
    const { replier, asker, announce } = await aConversation({ scheduler })
    await announce()
    let code: number | undefined
    const answered = replier.ask(REPLY_V2, reply(), 'x').then(answer => (code = answer.code))
    await eventually(() => asker.pushed.length === 1, 'it is pushed')
    advanceTo(9_999)
    await replier.ask(REPLY_V2, {}, '') // whatever was ready to be told before is told by now
    expect(code).toBeUndefined()
    advanceTo(10_000)
    expect(await answered).toBe(1)
    asker.answer(asker.pushed[0]!, 0)
    expect((await asker.ask(34, {}, encodeHeartbeat({ clientId: 'a', producerGroups: [], consumers: [] }))).code).toBe(
      0,
    )
  })

  it('is subject to the rules of every send', async () => {
    const { replier } = await aConversation()
    expect((await replier.ask(REPLY_V2, reply(), '')).code).toBe(13)
  })
})
