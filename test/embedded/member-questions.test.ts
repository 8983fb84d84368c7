import Long from 'long'
import { describe, expect, it } from 'vitest'
import { decodeConsumerStatus, encodeConsumerStatus } from '../../src/protocol/bodies/bodies.ts'
import type { Frame } from '../../src/protocol/frames/frame.ts'
import { readStoredMessages } from '../../src/protocol/messages/stored-message.ts'
import type { Asker } from './asker.ts'
import { aBroker, anAsker, eventually } from './cluster.ts'
import { heartbeat, sendFields } from './requests.ts'

const HEARTBEAT = 34
const SEND = 310
const STATUS_FROM_CLIENT = 221
const STATUS = 223
const RUNNING = 307
const DIRECTLY = 309

/** A broker, a member of group g on a connection of its own, and who asks about it. */
const aGroup = async (...clientIds: readonly string[]) => {
  const { cluster, broker: tool } = await aBroker({ topics: { orders: 2 } })
  const members: Asker[] = []
  for (const clientId of clientIds) {
    const member = await anAsker(cluster.brokers[0])
    await member.ask(HEARTBEAT, {}, heartbeat(clientId, 'g', { orders: '*' }))
    members.push(member)
  }
  return { tool, members }
}

/** The next question of this code that reaches a member. */
const asked = async (member: Asker, code: number): Promise<Frame> => {
  await eventually(() => member.pushed.some(frame => frame.code === code), `request ${code} reaches the member`)
  return member.pushed.find(frame => frame.code === code)!
}

describe('what a tool asks a member by way of the embedded broker', () => {
  it('reaches that member as it was asked, and its answer comes back', async () => {
    const { tool, members } = await aGroup('c1', 'c2')
    const fields = { consumerGroup: 'g', clientId: 'c2', jstackEnable: 'false' }
    const answered = tool.ask(RUNNING, fields)
    const question = await asked(members[1]!, RUNNING)
    expect(question).toMatchObject({ flag: 0, fields })
    members[1]!.answer(question, 0, Buffer.from('{"told":1}'))
    expect((await answered).body.toString()).toBe('{"told":1}')
    expect(members[0]!.pushed.some(({ code }) => code === RUNNING)).toBe(false)
  })

  it('comes back as the member refused it', async () => {
    const { tool, members } = await aGroup('c1')
    const answered = tool.ask(RUNNING, { consumerGroup: 'g', clientId: 'c1' })
    members[0]!.answer(await asked(members[0]!, RUNNING), 1)
    expect((await answered).code).toBe(1)
  })

  it('is refused when there is no such member', async () => {
    const { tool } = await aGroup('c1')
    for (const fields of [
      { consumerGroup: 'g', clientId: 'c2' },
      { consumerGroup: 'h', clientId: 'c1' },
    ]) {
      const { code, remark } = await tool.ask(RUNNING, fields)
      expect([code, remark]).toEqual([1, expect.stringContaining('no member')])
    }
  })

  it('is answered with 207 when the member goes instead of answering', async () => {
    const { tool, members } = await aGroup('c1')
    const answered = tool.ask(RUNNING, { consumerGroup: 'g', clientId: 'c1' })
    await asked(members[0]!, RUNNING)
    members[0]!.close()
    expect((await answered).code).toBe(207)
  })

  it('brings a stored message along when the member is to consume it directly', async () => {
    const { tool, members } = await aGroup('c1')
    const { fields: sent } = await tool.ask(SEND, sendFields('orders', 1), 'the body')
    const msgId = sent['msgId']!
    const answered = tool.ask(DIRECTLY, { consumerGroup: 'g', clientId: 'c1', msgId })
    const question = await asked(members[0]!, DIRECTLY)
    expect(question.fields).toMatchObject({ msgId, brokerName: 'broker-a', topicSysFlag: '0', groupSysFlag: '0' })
    const { messages } = readStoredMessages(question.body)
    expect(messages.map(({ topic, queueId, storedBody }) => [topic, queueId, storedBody.toString()])).toEqual([
      ['orders', 1, 'the body'],
    ])
    members[0]!.answer(question, 0)
    expect((await answered).code).toBe(0)
  })

  it.each([
    ['no id', 'nonsense'],
    ['the id of no message', '7F00000100002A9F0000000000099999'],
  ])('is refused when it names %s', async (_, msgId) => {
    const { tool, members } = await aGroup('c1')
    expect((await tool.ask(DIRECTLY, { consumerGroup: 'g', clientId: 'c1', msgId })).code).toBe(1)
    expect(members[0]!.pushed.some(({ code }) => code === DIRECTLY)).toBe(false)
  })
})

describe('where the members of a group stand', () => {
  const standing = (offset: number) =>
    encodeConsumerStatus({
      own: [{ queue: { topic: 'orders', brokerName: 'broker-a', queueId: 0 }, offset: Long.fromNumber(offset) }],
      byClientId: new Map(),
    })
  const table = (answer: Frame) =>
    [...decodeConsumerStatus(answer.body).byClientId].map(([id, [one]]) => `${id} ${one?.offset.toString() ?? ''}`)

  it('is asked of all of them, and told by client id', async () => {
    const { tool, members } = await aGroup('c1', 'c2')
    const answered = tool.ask(STATUS, { topic: 'orders', group: 'g' })
    for (const [n, member] of members.entries()) {
      const question = await asked(member, STATUS_FROM_CLIENT)
      expect(question.fields).toMatchObject({ topic: 'orders', group: 'g' })
      member.answer(question, 0, standing(n + 5))
    }
    expect(table(await answered)).toEqual(['c1 5', 'c2 6'])
  })

  it('is asked of the one that is named', async () => {
    const { tool, members } = await aGroup('c1', 'c2')
    const answered = tool.ask(STATUS, { topic: 'orders', group: 'g', clientAddr: 'c2' })
    members[1]!.answer(await asked(members[1]!, STATUS_FROM_CLIENT), 0, standing(7))
    expect(table(await answered)).toEqual(['c2 7'])
  })

  it('leaves out who refuses, and who answers rubbish', async () => {
    const { tool, members } = await aGroup('c1', 'c2', 'c3')
    const answered = tool.ask(STATUS, { topic: 'orders', group: 'g' })
    members[0]!.answer(await asked(members[0]!, STATUS_FROM_CLIENT), 1)
    members[1]!.answer(await asked(members[1]!, STATUS_FROM_CLIENT), 0, Buffer.from('rubbish'))
    members[2]!.answer(await asked(members[2]!, STATUS_FROM_CLIENT), 0, standing(8))
    expect(table(await answered)).toEqual(['c3 8'])
  })

  it('is not known of a group without members', async () => {
    const { tool } = await aGroup()
    expect((await tool.ask(STATUS, { topic: 'orders', group: 'g' })).code).toBe(1)
  })
})
