/**
 * Faults on demand, by request code, on every server of the cluster. `times` says for how many requests, default: until
 * `clear()`. One-way requests count too.
 */
export interface Faults {
  /** Answers with this response code and carries nothing out. */
  refuse(code: number, responseCode: number, times?: number): void
  /** Carries the request out and loses its answer. */
  dropReplies(code: number, times?: number): void
  /** Carries the request out at once and answers so many milliseconds later. */
  delayReplies(code: number, ms: number, times?: number): void
  /** Closes the connection when such a request arrives, and does not carry it out. */
  closeOn(code: number, times?: number): void
  /** Carries the request out and answers bytes that are no frame. */
  garble(code: number, times?: number): void
  /** Forgets all faults. */
  clear(): void
}

/** What the servers ask before and after carrying out a request. Each question that is answered uses a fault up. */
export interface FaultPlan {
  readonly faults: Faults
  closes(code: number): boolean
  refusal(code: number): number | undefined
  drops(code: number): boolean
  garbles(code: number): boolean
  /** Milliseconds. */
  delay(code: number): number | undefined
}

/** Not even a length that a client may accept: its first four bytes announce 1.9 GB. */
export const RUBBISH: Buffer = Buffer.from('rubbish instead of a frame')

export const createFaultPlan = (): FaultPlan => {
  const closing = createRow<true>()
  const refusing = createRow<number>()
  const dropping = createRow<true>()
  const garbling = createRow<true>()
  const delaying = createRow<number>()
  return {
    faults: {
      refuse: (code, responseCode, times) => refusing.set(code, responseCode, times),
      dropReplies: (code, times) => dropping.set(code, true, times),
      delayReplies: (code, ms, times) => delaying.set(code, ms, times),
      closeOn: (code, times) => closing.set(code, true, times),
      garble: (code, times) => garbling.set(code, true, times),
      clear: () => {
        for (const row of [closing, refusing, dropping, garbling, delaying]) row.clear()
      },
    },
    closes: code => closing.take(code) === true,
    refusal: refusing.take,
    drops: code => dropping.take(code) === true,
    garbles: code => garbling.take(code) === true,
    delay: delaying.take,
  }
}

const createRow = <T>() => {
  const byCode = new Map<number, { readonly value: T; left: number }>()
  return {
    set: (code: number, value: T, times = Number.POSITIVE_INFINITY): void => {
      if (times > 0) byCode.set(code, { value, left: times })
      else byCode.delete(code)
    },
    take: (code: number): T | undefined => {
      const fault = byCode.get(code)
      if (fault === undefined) return undefined
      fault.left -= 1
      if (fault.left <= 0) byCode.delete(code)
      return fault.value
    },
    clear: (): void => byCode.clear(),
  }
}
