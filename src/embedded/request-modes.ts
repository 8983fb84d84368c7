/** How a group consumes a topic; without a word: it pulls. */
interface RequestMode {
  readonly mode: 'PULL' | 'POP'
  /** How many members besides one's own share its queues; none, or as many as there are: everybody has all of them. */
  readonly shareQueues: number
}

/** What operators said of how groups consume topics. */
export interface RequestModes {
  get(topic: string, group: string): RequestMode
  set(topic: string, group: string, mode: RequestMode): void
}

const PULL: RequestMode = { mode: 'PULL', shareQueues: 0 }

export const createRequestModes = (): RequestModes => {
  const byKey = new Map<string, RequestMode>()
  const keyOf = (topic: string, group: string): string => `${topic}@${group}`
  return {
    get: (topic, group) => byKey.get(keyOf(topic, group)) ?? PULL,
    set: (topic, group, mode) => {
      byKey.set(keyOf(topic, group), mode)
    },
  }
}
