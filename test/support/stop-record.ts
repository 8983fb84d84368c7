/** What members of a group did while they were stopped and started, and what of it must not have been. */

/** One member, from one subscription to its end. */
export interface Life {
  readonly name: string
  /** Per queue, the progress that brokers had confirmed when it began. */
  readonly known: ReadonlyMap<number, number>
  /** It was cut off: what it had in hand may come again. Otherwise it ended in order, and nothing may. */
  abrupt: boolean
}

/** A queue in the hands of one life, from one start to the next. */
interface Tenure {
  readonly life: Life
  readonly queueId: number
  readonly from: number
  /** Another member began with the queue before this one had wound it up. */
  moved: boolean
  /** What it did, in that order. */
  readonly works: Work[]
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
  const holdings = new Map<Life, readonly number[]>()

  const tenureOf = (life: Life, queueId: number): Tenure | undefined =>
    tenures.findLast(tenure => tenure.life === life && tenure.queueId === queueId)
  /** The oldest that it had begun and not done: from there on, all may come again. */
  const oldestOpen = ({ works }: Tenure): number =>
    Math.min(Infinity, ...works.filter(({ isDone }) => !isDone).map(({ offset }) => offset))
  const mayComeAgain = ({ tenure, offset }: Work): boolean => tenure.life.abrupt && oldestOpen(tenure) <= offset

  return {
    life: name => ({ name, known: new Map(confirmed), abrupt: false }),
    started: (life, queueId, offset) => {
      const known = life.known.get(queueId) ?? 0
      if (offset < known) findings.push(`${life.name} begins queue ${queueId} at ${offset}: ${known} was committed`)
      for (const tenure of tenures) {
        const isHeld =
          tenure.life !== life && tenure.queueId === queueId && holdings.get(tenure.life)?.includes(queueId)
        if (isHeld === true) tenure.moved = true
      }
      tenures.push({ life, queueId, from: offset, moved: false, works: [] })
    },
    holds: (life, queueIds) => void holdings.set(life, queueIds),
    committed: (queueId, offset) => confirmed.set(queueId, Math.max(offset, confirmed.get(queueId) ?? 0)),
    begun: (life, queueId, offset, body, batch) => {
      const tenure = tenureOf(life, queueId)
      if (tenure === undefined) throw new Error(`${life.name} works on queue ${queueId} that it never began`)
      const before = worksOn.get(body) ?? []
      // Without a lock, who lost a queue goes on with what it has in hand while the next one begins with it, and its last
      // commit may take the next one back, as in Java's client: what comes twice then says nothing.
      const isShared = !inOrder && tenures.some(one => one.queueId === queueId && one.moved)
      const needless = isShared ? undefined : before.filter(({ isDone }) => isDone).find(work => !mayComeAgain(work))
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
    },
    over: work => {
      work.isOver = true
    },
    ended: life => {
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
