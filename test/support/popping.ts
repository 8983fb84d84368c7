import { firstValueFrom, ReplaySubject } from 'rxjs'
import Long from 'long'
import { createBroker } from '../../src/broker/broker.ts'
import type { Popped, PopHeader } from '../../src/broker/popping.ts'
import type { PopHandle, PoppedMessage } from '../../src/protocol/pop/popped-messages.ts'
import { createTransport } from '../../src/remoting/connection.ts'
import { createInvoke } from '../../src/remoting/invoke.ts'
import { createSessions } from '../../src/remoting/sessions.ts'

const LONG_ENOUGH_MS = 30_000
const INVISIBLE_MS = 30_000

type PopOptions = Partial<{
  readonly most: number
  readonly invisibleMs: number
  readonly pollMs: number
  readonly queueId: number
  readonly tags: string
  readonly ordered: boolean
  readonly attemptId: string
}>

/** One group that pops a topic from one broker, request by request. */
export const openPopper = (endpoint: string, group: string, topic: string) => {
  const closing = new ReplaySubject<void>(1)
  const broker = createBroker(createInvoke(createSessions({ transport: createTransport(), closing$: closing })))
  const owner = { group, topic }
  const bname = 'broker-a'

  const pop = (options: PopOptions = {}): Promise<Popped> => {
    const { most = 32, invisibleMs = INVISIBLE_MS, pollMs = 0, queueId = -1, tags, ordered, attemptId } = options
    const header: PopHeader = {
      consumerGroup: group,
      topic,
      queueId,
      maxMsgNums: most,
      invisibleTime: Long.fromNumber(invisibleMs),
      pollTime: Long.fromNumber(pollMs),
      bornTime: Long.fromNumber(Date.now()),
      initMode: 0,
      bname,
      ...(tags === undefined ? {} : { expType: 'TAG', exp: tags }),
      order: ordered,
      attemptId,
    }
    return firstValueFrom(broker.popping.pop$(endpoint, header, LONG_ENOUGH_MS))
  }
  return {
    broker,
    endpoint,
    pop,
    /** Pops until so many messages came, one answer after the other. */
    popMany: async (count: number, options: PopOptions = {}): Promise<readonly PoppedMessage[]> => {
      const all: PoppedMessage[] = []
      const givenUpAt = Date.now() + LONG_ENOUGH_MS
      while (all.length < count && Date.now() < givenUpAt) {
        const { messages } = await pop({ ...options, most: count - all.length })
        all.push(...messages)
        if (messages.length === 0) await new Promise(resolve => setTimeout(resolve, 100))
      }
      if (all.length < count) throw new Error(`${all.length} of ${count} messages came within ${LONG_ENOUGH_MS} ms`)
      return all
    },
    ack: (handle: PopHandle) => firstValueFrom(broker.popping.ack$(endpoint, owner, handle)),
    ackMany: (handles: readonly PopHandle[]) =>
      firstValueFrom(broker.popping.ackMany$(endpoint, owner, bname, handles)),
    changeInvisible: (handle: PopHandle, ms: number) =>
      firstValueFrom(broker.popping.changeInvisible$(endpoint, owner, handle, ms)),
    close: () => closing.next(),
  }
}

export type Popper = ReturnType<typeof openPopper>

export const bodyOf = ({ stored }: PoppedMessage): string => stored.storedBody.toString()
