/** `String.hashCode()` of Java, written from its definition: s[0]*31^(n-1) + … + s[n-1] in 32 bits. */
export const javaHashCode = (text: string): number => {
  let hash = 0n
  for (let at = 0; at < text.length; at++) hash = hash * 31n + BigInt(text.charCodeAt(at))
  return Number(BigInt.asIntN(32, hash))
}

/** The queue to which Java's `SelectMessageQueueByHash` leads. */
export const javaQueueOf = (key: string, queues: number): number => Math.abs(javaHashCode(key) % queues)
