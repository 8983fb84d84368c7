/** What members of a group did while they were stopped and started, and what of it must not have been. */

/** One member, from one subscription to its end. */
export interface Life {
  readonly name: string
  /** It was cut off: what it had in hand may come again. Otherwise it ended in order, and nothing may. */
  abrupt: boolean
}

/** A queue in the hands of one life, from one start to the next. */
interface Tenure {
  readonly life: Life
  readonly queueId: number
  readonly from: number
  /** Who had the queue in hand when this one was given it, and may have committed too late to be read. */
  readonly after: ReadonlySet<Life>
  /** Another member began with the queue before this one had wound it up. */
  moved: boolean
  /** What it did, in that order. */
  readonly works: Work[]
}

/** What was so when a life was given a queue, before it asked where to begin. */
interface Handover {
  /** The progress that brokers had confirmed. */
  readonly known: number
  readonly after: ReadonlySet<Life>
}

interface Work {
  readonly tenure: Tenure
  readonly offset: number
  readonly body: number
  readonly batch: object
  isDone: boolean
  isOver: boolean
}

export interface StopRecord {
  life(name: string): Life
  /** A queue is read from here. */
  started(life: Life, queueId: number, offset: number): void
  /** What it holds from now on, that included which it still winds up. */
  holds(life: Life, queueIds: readonly number[]): void
  /** A broker has confirmed this progress. */
  committed(queueId: number, offset: number): void
  /** Work on a message begins; what is worked on together has one `batch`. */
  begun(life: Life, queueId: number, offset: number, body: number, batch: object): Work
  /** It counts as handled from now on. */
  done(work: Work): void
  /** It has ended, one way or another. */
  over(work: Work): void
  /** The last that was told of the queue may be of a member that had lost it: without a lock, nobody can prevent that. */
  mayBeBehind(queueId: number): boolean
  ended(life: Life): void
  readonly handled: ReadonlySet<number>
  found(what: string): void
  /** What was wrong, in words. */
  readonly findings: readonly string[]
}

export const createStopRecord = (inOrder: boolean): StopRecord => {
  const tenures: Tenure[] = []
  const working = new Map<number, Work>() // per queue, in order
  const confirmed = new Map<number, number>()
  const handled = new Set<number>()
  const worksOn = new Map<number, Work[]>() // per message
  const findings: string[] = []
  const holdings = new Map<Life, ReadonlyMap<number, Handover>>()
  const lastDone = new Map<number, number>() // per queue, when
  const lastLate = new Map<number, number>() // per queue, when somebody who had lost it had wound it up
  let moment = 0

  const tenureOf = (life: Life, queueId: number): Tenure | undefined =>
    tenures.findLast(tenure => tenure.life === life && tenure.queueId === queueId)
  /** The oldest that it had begun and not done: from there on, all may come again. */
  const oldestOpen = ({ works }: Tenure): number =>
    Math.min(Infinity, ...works.filter(({ isDone }) => !isDone).map(({ offset }) => offset))
  const mayComeAgain = ({ tenure, offset }: Work): boolean => tenure.life.abrupt && oldestOpen(tenure) <= offset

  /**
   * Without a lock, who lost a queue goes on with what it has in hand while the next one begins with it, and its last
   * commit may take the next one back, as in Java's client: what comes twice then says nothing.
   */
  const isShared = (queueId: number): boolean => !inOrder && tenures.some(one => one.queueId === queueId && one.moved)
  const othersWith = (life: Life, queueId: number): ReadonlySet<Life> =>
    new Set([...holdings].flatMap(([other, held]) => (other !== life && held.has(queueId) ? [other] : [])))
  const handover = (life: Life, queueId: number): Handover => ({
    known: confirmed.get(queueId) ?? 0,
    after: othersWith(life, queueId),
  })
  const holds = (life: Life, queueIds: readonly number[]): void => {
    const before = holdings.get(life)
    for (const queueId of before?.keys() ?? []) {
      if (!queueIds.includes(queueId) && tenureOf(life, queueId)?.moved === true) lastLate.set(queueId, ++moment)
    }
    holdings.set(
      life,
      new Map(queueIds.map(queueId => [queueId, before?.get(queueId) ?? handover(life, queueId)] as const)),
    )
  }

  return {
    life: name => ({ name, abrupt: false }),
    started: (life, queueId, offset) => {
      const { known, after } = holdings.get(life)?.get(queueId) ?? handover(life, queueId)
      if (offset < known && !isShared(queueId))
        findings.push(`${life.name} begins queue ${queueId} at ${offset}: ${known} was committed`)
      const others = othersWith(life, queueId)
      for (const tenure of tenures) {
        if (tenure.queueId === queueId && others.has(tenure.life)) tenure.moved = true
      }
      tenures.push({ life, queueId, from: offset, after, moved: false, works: [] })
    },
    holds,
    committed: (queueId, offset) => confirmed.set(queueId, Math.max(offset, confirmed.get(queueId) ?? 0)),
    begun: (life, queueId, offset, body, batch) => {
      const tenure = tenureOf(life, queueId)
      if (tenure === undefined) throw new Error(`${life.name} works on queue ${queueId} that it never began`)
      const before = worksOn.get(body) ?? []
      const isLate = (work: Work): boolean => !inOrder && tenure.after.has(work.tenure.life)
      const needless = isShared(queueId)
        ? undefined
        : before.find(work => work.isDone && !mayComeAgain(work) && !isLate(work))
      if (needless !== undefined) {
        const first = needless.tenure.life.name
        findings.push(`${body} (${queueId}:${offset}) came to ${life.name} though ${first} was done with it`)
      }
      if (inOrder) {
        const expected = (tenure.works.at(-1)?.offset ?? tenure.from - 1) + 1
        if (offset !== expected) findings.push(`${life.name} got ${queueId}:${offset} instead of ${expected}`)
        const other = working.get(queueId)
        if (other?.isOver === false && other.batch !== batch)
          findings.push(`${life.name} got ${queueId}:${offset} while ${other.tenure.life.name} had ${other.offset}`)
      }
      const work = { tenure, offset, body, batch, isDone: false, isOver: false }
      tenure.works.push(work)
      working.set(queueId, work)
      worksOn.set(body, [...before, work])
      return work
    },
    done: work => {
      work.isDone = true
      work.isOver = true
      handled.add(work.body)
      lastDone.set(work.tenure.queueId, ++moment)
    },
    over: work => {
      work.isOver = true
    },
    mayBeBehind: queueId => !inOrder && (lastLate.get(queueId) ?? 0) > (lastDone.get(queueId) ?? 0),
    ended: life => {
      holds(life, [])
      holdings.delete(life)
      for (const { works } of tenures.filter(tenure => tenure.life === life)) {
        for (const work of works) {
          if (!work.isOver && !life.abrupt) findings.push(`${life.name} ended in order and left ${work.body} undone`)
          work.isOver = true
        }
      }
    },
    handled,
    found: what => findings.push(what),
    findings,
  }
}
