import { map, type Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { encodeFrame } from '../../src/protocol/frames/frame-codec.ts'
import { requestFrame, type Frame } from '../../src/protocol/frames/frame.ts'
import { toFrames } from '../../src/remoting/connection.ts'
import { errorsAsValues, marbles } from '../marbles.ts'

const LIMIT = 1_000
const frame = (remark: string) => encodeFrame(requestFrame(7, { remark, body: Buffer.from(`body of ${remark}`) }))
const A = frame('A')
const B = frame('B')
const C = frame('C')

/** Each frame by its remark, if its body is the right one. */
const shown = (frames$: Observable<Frame>) =>
  frames$.pipe(
    map(({ remark, body }) => (body.toString() === `body of ${remark}` ? remark : `${remark} with a wrong body`)),
    errorsAsValues(),
  )

describe('frames out of chunks', () => {
  it(
    'come as they come, when each chunk is one',
    marbles(m => {
      const bytes$ = m.hot('   -a--b-', { a: A, b: B })
      const expected = '       -A--B-'
      m.expect(shown(bytes$.pipe(toFrames(LIMIT)))).toBeObservable(expected)
    }),
  )

  it(
    'come with their last byte, however small the pieces are',
    marbles(m => {
      const pieces = { x: A.subarray(0, 3), y: A.subarray(3, 30), z: A.subarray(30) }
      const bytes$ = m.hot('   -x-y--z-', pieces)
      const expected = '       ------A-'
      m.expect(shown(bytes$.pipe(toFrames(LIMIT)))).toBeObservable(expected)
    }),
  )

  it(
    'come together, when one chunk holds several',
    marbles(m => {
      const bytes$ = m.hot('   -x------', { x: Buffer.concat([A, B, C]) })
      const expected = '       -(ABC)--'
      m.expect(shown(bytes$.pipe(toFrames(LIMIT)))).toBeObservable(expected)
    }),
  )

  it(
    'are told apart where one ends and the next begins within a chunk, and in the middle of a length',
    marbles(m => {
      const all = Buffer.concat([A, B, C])
      const cuts = [A.length - 5, A.length + 2, A.length + B.length + 1]
      const chunks = {
        w: all.subarray(0, cuts[0]),
        x: all.subarray(cuts[0], cuts[1]),
        y: all.subarray(cuts[1], cuts[2]),
      }
      const bytes$ = m.hot('   -w-x-y-z', { ...chunks, z: all.subarray(cuts[2]) })
      const expected = '       ---A-B-C'
      m.expect(shown(bytes$.pipe(toFrames(LIMIT)))).toBeObservable(expected)
    }),
  )

  it(
    'end with an announced length that cannot be one, and nothing more is read',
    marbles(m => {
      const bytes$ = m.hot('   -a-x-b-', { a: A, x: Buffer.from('HTTP/1.1 400'), b: B })
      const read = '           ^--!   '
      const expected = '       -A-(X|)'
      m.expect(shown(bytes$.pipe(toFrames(LIMIT)))).toBeObservable(expected, { A: 'A', X: 'ERR_RMQ_PROTOCOL no' })
      m.expect(bytes$).toHaveSubscriptions(read)
    }),
  )

  it(
    'come before the announced length that cannot be one, even when all arrive together',
    marbles(m => {
      const bytes$ = m.hot('   -x----', { x: Buffer.concat([A, B, Buffer.from('HTTP/1.1 400')]) })
      const expected = '       -(ABX|)'
      m.expect(shown(bytes$.pipe(toFrames(LIMIT)))).toBeObservable(expected, {
        A: 'A',
        B: 'B',
        X: 'ERR_RMQ_PROTOCOL no',
      })
    }),
  )

  it(
    'end with a frame that cannot be decoded, after those before it',
    marbles(m => {
      const rubbish = Buffer.concat([A.subarray(0, 8), Buffer.alloc(A.length - 8, 0xff)])
      const bytes$ = m.hot('   -x----', { x: Buffer.concat([B, rubbish, C]) })
      const expected = '       -(BX|)'
      m.expect(shown(bytes$.pipe(toFrames(LIMIT)))).toBeObservable(expected, { B: 'B', X: 'ERR_RMQ_PROTOCOL no' })
    }),
  )

  it(
    'are refused beyond the limit before they have arrived',
    marbles(m => {
      const bytes$ = m.hot('   -x-----', {
        x: encodeFrame(requestFrame(7, { body: Buffer.alloc(LIMIT) })).subarray(0, 4),
      })
      const expected = '       -(X|)  '
      m.expect(shown(bytes$.pipe(toFrames(LIMIT)))).toBeObservable(expected, { X: 'ERR_RMQ_PROTOCOL no' })
    }),
  )

  it(
    'end with the link: half a frame is lost with it',
    marbles(m => {
      const bytes$ = m.hot('   -a-x-#', { a: A, x: B.subarray(0, 10) })
      const expected = '       -A---#'
      m.expect(
        bytes$.pipe(
          toFrames(LIMIT),
          map(({ remark }) => remark),
        ),
      ).toBeObservable(expected)
    }),
  )

  it(
    'are counted, and so are all bytes',
    marbles(m => {
      const counters = { framesIn: 0, bytesIn: 0 }
      const bytes$ = m.hot('   -x-y-', { x: Buffer.concat([A, B]), y: C.subarray(0, 9) })
      const expected = '       -(AB)'
      m.expect(shown(bytes$.pipe(toFrames(LIMIT, counters)))).toBeObservable(expected)
      m.flush()
      expect(counters).toEqual({ framesIn: 2, bytesIn: A.length + B.length + 9 })
    }),
  )

  it(
    'of one connection are never mixed with those of another',
    marbles(m => {
      const frames = toFrames(LIMIT)
      const pieces = { x: A.subarray(0, 9), y: A.subarray(9), v: B.subarray(0, 20), w: B.subarray(20) }
      const one$ = m.hot('     -x--y', pieces)
      const two$ = m.hot('     --v-w', pieces)
      m.expect(shown(one$.pipe(frames))).toBeObservable('----A')
      m.expect(shown(two$.pipe(frames))).toBeObservable('----B')
    }),
  )
})
