import { startJavaProcess } from './java-process.ts'

/** A message that the official client is to send. */
export interface JavaOutbound {
  readonly topic: string
  readonly body: Buffer | string
  readonly tag?: string
  readonly keys?: readonly string[]
  readonly properties?: Readonly<Record<string, string>>
  /** What `SelectMessageQueueByHash` is to choose the queue by. */
  readonly shardKey?: string
}

/** What the official client says about a send; of a batch, the ids are joined by commas. */
interface JavaSent {
  readonly status: string
  readonly messageId: string
  readonly offsetMessageId: string
  readonly brokerName: string
  readonly queueId: number
  readonly queueOffset: number
}

/** A message as the official client received it. */
interface JavaInbound {
  readonly topic: string
  readonly tag?: string
  readonly keys?: string
  readonly properties: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly messageId: string
  readonly offsetMessageId: string
  readonly brokerName: string
  readonly queueId: number
  readonly queueOffset: number
  readonly reconsumeTimes: number
  readonly sysFlag: number
}

interface JavaConsumerOptions {
  readonly group: string
  readonly topic: string
  /** Default `*`. */
  readonly tags?: string
  /** Instead of tags. */
  readonly sql?: string
  readonly orderly?: boolean
  /** Body of the message that the listener does not accept at its first delivery. */
  readonly failOnce?: string
  /** The broker is to share the queues out (5.x). */
  readonly brokerRebalance?: boolean
}

/** A push consumer of the official client. */
export interface JavaConsumer {
  /** Everything received so far, redeliveries too. */
  readonly received: readonly JavaInbound[]
  /** The queues of its topic that it holds, as `broker/queue id`. */
  queues(): Promise<readonly string[]>
  /** What it would commit now for the queues of its topic, all added up. */
  progress(): Promise<number>
  /** Commits, and leaves its group. */
  stop(): Promise<void>
}

/** The official Java client of one version, in a JVM of its own, at work for one cluster. */
export interface JavaClient {
  createTopic(topic: string, queues: number): Promise<void>
  send(...messages: readonly JavaOutbound[]): Promise<readonly JavaSent[]>
  sendOneway(...messages: readonly JavaOutbound[]): Promise<void>
  sendBatch(...messages: readonly JavaOutbound[]): Promise<JavaSent>
  /** By unique id or offset id. */
  find(topic: string, messageId: string): Promise<JavaInbound>
  /** Sends a request and waits for its reply. */
  request(message: JavaOutbound, timeoutMs: number): Promise<JavaInbound>
  /** Replies from now on to every request to a topic with its body, until the program stops. */
  echo(group: string, topic: string): Promise<void>
  consume(options: JavaConsumerOptions): Promise<JavaConsumer>
}

/** A JVM that serves any number of clusters; how long one lives is for its owner to say. */
export interface JavaProgram {
  readonly version: string
  clientOf(cluster: { readonly nameServers: readonly string[] }): JavaClient
  stop(): Promise<void>
}

interface Report {
  readonly consumer: string
  readonly message: Received
}

interface HeldQueue {
  readonly topic: string
  readonly name: string
  readonly offset: number
}

type Received = Omit<JavaInbound, 'body'> & { readonly body: string }

export async function startJava(version: string): Promise<JavaProgram> {
  const consumers = new Map<string, JavaInbound[]>()
  const { ask, stop } = await startJavaProcess(version, line => {
    const { consumer, message } = line as Report
    consumers.get(consumer)?.push(inbound(message))
  })

  const consume = async (nameServer: string, options: JavaConsumerOptions): Promise<JavaConsumer> => {
    const consumer = `consumer-${consumers.size + 1}`
    const received: JavaInbound[] = []
    consumers.set(consumer, received)
    const defaults = { tags: '*', orderly: false, failOnce: '' }
    await ask('consume', { ...defaults, ...options, nameServer, consumer })
    const held = async (): Promise<readonly HeldQueue[]> => {
      const queues = (await ask('queues', { consumer })) as readonly HeldQueue[]
      return queues.filter(({ topic }) => topic === options.topic)
    }
    return {
      received,
      queues: async () => (await held()).map(({ name }) => name),
      progress: async () => (await held()).reduce((sum, { offset }) => sum + Math.max(0, offset), 0),
      stop: async () => void (await ask('stopConsumer', { consumer })),
    }
  }

  const clientOf = ({ nameServers }: { readonly nameServers: readonly string[] }): JavaClient => {
    const nameServer = nameServers.join(';')
    const about = (messages: readonly JavaOutbound[]) => ({ nameServer, messages: messages.map(outbound) })
    return {
      createTopic: async (topic, queues) => void (await ask('createTopic', { nameServer, topic, queues })),
      send: async (...messages) => (await ask('send', about(messages))) as JavaSent[],
      sendOneway: async (...messages) => void (await ask('sendOneway', about(messages))),
      sendBatch: async (...messages) => (await ask('sendBatch', about(messages))) as JavaSent,
      find: async (topic, messageId) => inbound((await ask('find', { nameServer, topic, messageId })) as Received),
      request: async (message, timeoutMs) =>
        inbound((await ask('request', { nameServer, timeoutMs, ...outbound(message) })) as Received),
      echo: async (group, topic) => void (await ask('echo', { nameServer, group, topic })),
      consume: options => consume(nameServer, options),
    }
  }

  return { version, clientOf, stop }
}

const outbound = ({ body, ...message }: JavaOutbound): object => ({
  ...message,
  body: Buffer.from(body as string).toString('base64'), // a Buffer is copied
})

const inbound = (message: Received): JavaInbound => ({ ...message, body: Buffer.from(message.body, 'base64') })
