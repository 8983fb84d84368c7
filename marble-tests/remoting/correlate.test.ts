import { asyncScheduler, catchError, EMPTY, map, merge, NEVER, type Observable, Subject, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { connectionLost, illegal, protocolError } from '../../src/errors.ts'
import { onewayFrame, requestFrame, responseFrame, type Frame } from '../../src/protocol/frames/frame.ts'
import { createCorrelator, type CorrelatorOptions } from '../../src/remoting/correlate.ts'
import { errorsAsValues, marbles, type Marbles } from '../marbles.ts'

const lost = connectionLost('b:1', 'no')
/** The answer to the first request of a connection, to the second, and so on. */
const answer = (opaque: number, code = 0) => responseFrame({ opaque }, code, { remark: `answer ${opaque}` })
const ANSWERS = { 1: answer(1), 2: answer(2), 3: answer(3) }

interface Wire {
  readonly frames$: Observable<Frame>
  /** How the socket takes each frame; at once where nothing is said. */
  readonly writes?: readonly string[]
}

/** A correlator on a drawn wire, and a request on it as the number of its answer or as its failure. */
const drawn = (m: Marbles, { frames$, writes = [] }: Wire, options?: CorrelatorOptions) => {
  const written: { readonly frame: Frame; readonly at: number }[] = []
  const write$ = (frame: Frame) => {
    const diagram = writes[written.length] ?? '(w|)'
    written.push({ frame, at: asyncScheduler.now() })
    return m.cold<undefined>(diagram, { w: undefined }, diagram.includes('#') ? illegal('too large') : undefined)
  }
  const correlator = createCorrelator({ endpoint: 'b:1', frames$, write$ }, options)
  const asked$ = (timeoutMs = 100, onWritten?: () => void) =>
    correlator.request$(requestFrame(7), timeoutMs, onWritten).pipe(
      map(({ opaque }) => String(opaque)),
      errorsAsValues(),
    )
  const alive$ = correlator.dispatch$.pipe(catchError(() => EMPTY))
  return { ...correlator, asked$, alive$, written }
}

describe('a request', () => {
  it(
    'gets the answer with its number, in whatever order answers come',
    marbles(m => {
      const frames$ = m.hot('--3-1-2', ANSWERS)
      const { alive$, asked$ } = drawn(m, { frames$ })
      m.expect(alive$).toBeObservable('')
      m.expect(asked$()).toBeObservable('----(1|)')
      m.expect(asked$()).toBeObservable('------(2|)')
      m.expect(asked$()).toBeObservable('--(3|)')
    }),
  )

  it(
    'gets an answer whatever its code: what it means is not decided here',
    marbles(m => {
      const frames$ = m.hot('-1', { 1: answer(1, 14) })
      const { alive$, request$ } = drawn(m, { frames$ })
      m.expect(alive$).toBeObservable('')
      m.expect(request$(requestFrame(7), 100).pipe(map(({ code }) => code))).toBeObservable('-(c|)', { c: 14 })
    }),
  )

  it(
    'is numbered anew each time it is subscribed, so a repeat never gets the answer to the former',
    marbles(m => {
      const frames$ = m.hot('     ---1--2', ANSWERS)
      const { alive$, asked$, written } = drawn(m, { frames$ })
      const asked = asked$()
      m.expect(alive$).toBeObservable('')
      m.expect(asked, '           ^!     ').toBeObservable('')
      m.expect(asked, '           --^    ').toBeObservable('------(2|)')
      m.flush()
      expect(written.map(({ frame }) => frame.opaque)).toEqual([1, 2])
    }),
  )

  it(
    'fails when its time is over: maybe carried out if the socket took it, else not',
    marbles(m => {
      const frames$ = m.hot('         ----------')
      const { alive$, asked$ } = drawn(m, { frames$, writes: ['-w|', '--------w|'] })
      m.expect(alive$).toBeObservable('')
      m.expect(asked$(5)).toBeObservable('-----(m|)', { m: 'ERR_RMQ_TIMEOUT maybe' })
      m.expect(asked$(5)).toBeObservable('-----(n|)', { n: 'ERR_RMQ_TIMEOUT no' })
    }),
  )

  it(
    'that is over leaves its late answer to be reported, and nobody else is disturbed',
    marbles(m => {
      const late: string[] = []
      const onLate = ({ opaque }: Frame) => late.push(`${opaque} at ${asyncScheduler.now()}`)
      const frames$ = m.hot('         --------1-2', ANSWERS)
      const { alive$, asked$ } = drawn(m, { frames$ }, { onLate })
      m.expect(alive$).toBeObservable('')
      m.expect(asked$(5)).toBeObservable(' -----(X|)  ', { X: 'ERR_RMQ_TIMEOUT maybe' })
      m.expect(asked$(50)).toBeObservable('----------(2|)')
      m.flush()
      expect(late).toEqual(['1 at 8'])
    }),
  )

  it(
    'that is unsubscribed is taken back from the line of writers, and its answer is a late one',
    marbles(m => {
      const late: number[] = []
      const write = m.cold<undefined>('     --------w')
      const frames$ = m.hot('               -----1---', ANSWERS)
      const { dispatch$, request$, inFlight } = createCorrelator(
        { endpoint: 'b:1', frames$, write$: () => write },
        { onLate: ({ opaque }) => late.push(opaque) },
      )
      m.expect(dispatch$).toBeObservable('')
      m.expect(request$(requestFrame(7), 100), '^--!').toBeObservable('')
      m.expect(write).toHaveSubscriptions('     ^--!')
      m.flush()
      expect([late, inFlight()]).toEqual([[1], 0])
    }),
  )

  it(
    'tells when the socket took it, which is when it may have happened',
    marbles(m => {
      const takenAt: number[] = []
      const frames$ = m.hot('        -----1', ANSWERS)
      const { alive$, asked$ } = drawn(m, { frames$, writes: ['---w|'] })
      m.expect(alive$).toBeObservable('')
      m.expect(asked$(100, () => takenAt.push(asyncScheduler.now()))).toBeObservable('-----(1|)')
      m.flush()
      expect(takenAt).toEqual([3])
    }),
  )

  it(
    'that cannot be written fails alone',
    marbles(m => {
      const frames$ = m.hot('    ----2', ANSWERS)
      const { alive$, asked$ } = drawn(m, { frames$, writes: ['-#'] })
      m.expect(alive$).toBeObservable('')
      m.expect(asked$()).toBeObservable('-(X|)', { X: 'ERR_RMQ_ILLEGAL no' })
      m.expect(asked$()).toBeObservable('----(2|)')
    }),
  )

  it(
    'is refused at once when too many have no answer, and let in again after an answer',
    marbles(m => {
      const frames$ = m.hot('                -----1-----3', { 1: answer(1), 3: answer(2) })
      const { alive$, asked$, written } = drawn(m, { frames$ }, { maxInFlight: 1 })
      m.expect(alive$).toBeObservable('')
      m.expect(asked$(), '                   ^           ').toBeObservable('-----(1|)')
      m.expect(asked$(), '                   --^         ').toBeObservable('--(X|)', { X: 'ERR_RMQ_OVERFLOW no' })
      m.expect(asked$(), '                   -------^    ').toBeObservable('-----------(2|)')
      m.flush()
      expect(written).toHaveLength(2)
    }),
  )

  it(
    'of the server is not taken for the answer, though it has the same number',
    marbles(m => {
      const late: Frame[] = []
      const frames$ = m.hot('--r-1', { r: requestFrame(40, { opaque: 1 }), 1: answer(1) })
      const { alive$, asked$ } = drawn(m, { frames$ }, { onLate: frame => late.push(frame) })
      m.expect(alive$).toBeObservable('')
      m.expect(asked$()).toBeObservable('----(1|)')
      m.flush()
      expect(late).toEqual([])
    }),
  )

  it(
    'proves the server with its answer, and only then',
    marbles(m => {
      const provenAt: number[] = []
      const frames$ = m.hot('--r-9-1', { r: requestFrame(40, { opaque: 1 }), 9: answer(9), 1: answer(1) })
      const { alive$, asked$ } = drawn(m, { frames$ }, { onAnswer: () => provenAt.push(asyncScheduler.now()) })
      m.expect(alive$).toBeObservable('')
      m.expect(asked$()).toBeObservable('------(1|)')
      m.flush()
      expect(provenAt).toEqual([6])
    }),
  )
})

describe('a lost connection', () => {
  it(
    'fails everything in flight at once, and tells each whether it was sent',
    marbles(m => {
      const frames$ = m.hot('----#', ANSWERS, lost)
      const { dispatch$, asked$ } = drawn(m, { frames$, writes: ['w|', '--------w|'] })
      m.expect(merge(asked$(), asked$())).toBeObservable('----(mn|)', {
        m: 'ERR_RMQ_CONNECT maybe',
        n: 'ERR_RMQ_CONNECT no',
      })
      m.expect(dispatch$.pipe(errorsAsValues())).toBeObservable('----(X|)', { X: 'ERR_RMQ_CONNECT no' })
    }),
  )

  it(
    'is told to whoever opens the next one before the requests fail, so that they do not meet the dead one',
    marbles(m => {
      const told: string[] = []
      const frames$ = m.hot('---#', ANSWERS, lost)
      const { dispatch$, asked$ } = drawn(m, { frames$ })
      m.expect(dispatch$.pipe(tap({ error: () => told.push('upstream') }), errorsAsValues())).toBeObservable(
        '---(X|)',
        {
          X: 'ERR_RMQ_CONNECT no',
        },
      )
      m.expect(asked$().pipe(tap(() => told.push('waiter')))).toBeObservable('---(X|)', { X: 'ERR_RMQ_CONNECT maybe' })
      m.flush()
      expect(told).toEqual(['upstream', 'waiter'])
    }),
  )

  it(
    'keeps its reason when an answer was unreadable',
    marbles(m => {
      const frames$ = m.hot('---#', ANSWERS, protocolError('rubbish'))
      const { alive$, asked$ } = drawn(m, { frames$ })
      m.expect(alive$).toBeObservable('---|')
      m.expect(asked$()).toBeObservable('---(X|)', { X: 'ERR_RMQ_PROTOCOL maybe' })
    }),
  )

  it(
    'fails what is in flight, also when it was we who hung up',
    marbles(m => {
      const { dispatch$, asked$ } = drawn(m, { frames$: NEVER })
      m.expect(dispatch$, '^--!').toBeObservable('')
      m.expect(asked$()).toBeObservable('---(X|)', { X: 'ERR_RMQ_CONNECT maybe' })
    }),
  )

  it(
    'takes no more requests: they fail at once, unwritten',
    marbles(m => {
      const frames$ = m.hot('-#', ANSWERS, lost)
      const { alive$, asked$, oneway$, written } = drawn(m, { frames$ })
      m.expect(alive$).toBeObservable('                                          -|')
      m.expect(asked$(), '                                --^').toBeObservable('--(X|)', { X: 'ERR_RMQ_CONNECT no' })
      m.expect(oneway$(onewayFrame(7)).pipe(errorsAsValues()), '--^').toBeObservable('--(X|)', {
        X: 'ERR_RMQ_CONNECT no',
      })
      m.flush()
      expect(written).toEqual([])
    }),
  )

  it(
    'lets whoever is told ask again elsewhere at once',
    marbles(m => {
      const losses = new Subject<Frame>()
      const dead = drawn(m, { frames$: losses })
      const next = drawn(m, { frames$: m.hot('-----1', ANSWERS) })
      const again$ = dead.request$(requestFrame(7), 100).pipe(
        map(({ opaque }) => String(opaque)),
        catchError(() => next.asked$()),
      )
      m.expect(merge(dead.alive$, next.alive$)).toBeObservable('')
      m.expect(again$).toBeObservable('-----(1|)')
      m.expect(m.cold('---x').pipe(tap(() => losses.error(lost)))).toBeObservable('---x')
    }),
  )
})

describe('a one-way request', () => {
  it(
    'is over when the socket took it, and waits for nothing',
    marbles(m => {
      const { alive$, oneway$, inFlight, written } = drawn(m, { frames$: NEVER, writes: ['---w|'] })
      m.expect(alive$).toBeObservable('')
      m.expect(oneway$(onewayFrame(7)).pipe(map(() => 'w'))).toBeObservable('---w|')
      m.flush()
      expect([inFlight(), written.map(({ frame }) => frame.opaque)]).toEqual([0, [1]])
    }),
  )
})
