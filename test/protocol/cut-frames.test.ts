import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutFrames, MAX_READ_FRAME_BYTES, NOTHING } from '../../src/protocol/frames/cut-frames.ts'

const framed = (content: Uint8Array): Buffer => {
  const length = Buffer.alloc(4)
  length.writeInt32BE(content.length)
  return Buffer.concat([length, content])
}

const cutAll = (chunks: readonly Buffer[], maxBytes?: number): { frames: Buffer[]; left: number } => {
  let carry = NOTHING
  const frames: Buffer[] = []
  for (const chunk of chunks) {
    const cut = cutFrames(carry, chunk, maxBytes)
    if (cut.failure !== undefined) throw cut.failure
    frames.push(...cut.frames)
    carry = cut.carry
  }
  return { frames, left: carry.bytes }
}

const contents = fc.array(fc.uint8Array({ minLength: 4, maxLength: 60 }), { maxLength: 8 })

const slices = (bytes: Buffer, cuts: readonly number[]): Buffer[] => {
  const places = [0, ...cuts.map(cut => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end))
}

describe('cutting a stream into frames', () => {
  it('gives the same frames wherever the chunks end', () => {
    fc.assert(
      fc.property(contents, fc.array(fc.nat(), { maxLength: 20 }), (frames, cuts) => {
        const stream = Buffer.concat(frames.map(framed))
        const cut = cutAll(slices(stream, cuts))
        expect(cut.frames.map(frame => frame.toString('hex'))).toEqual(
          frames.map(frame => Buffer.from(frame).toString('hex')),
        )
        expect(cut.left).toBe(0)
      }),
    )
  })

  it('works byte by byte', () => {
    const stream = Buffer.concat([framed(Buffer.from('first')), framed(Buffer.from('second'))])
    const { frames } = cutAll(Array.from(stream, byte => Buffer.from([byte])))
    expect(frames.map(String)).toEqual(['first', 'second'])
  })

  it('keeps what has not ended yet', () => {
    const { frames, left } = cutAll([framed(Buffer.from('first')), framed(Buffer.from('second')).subarray(0, 7)])
    expect(frames.map(String)).toEqual(['first'])
    expect(left).toBe(3)
  })

  it('copies nothing when a frame lies within one chunk', () => {
    const chunk = framed(Buffer.from('whole'))
    const [frame] = cutFrames(NOTHING, chunk).frames
    chunk.write('W', 4)
    expect(String(frame)).toBe('Whole')
  })

  it('leaves the carry as it was, so that it can be continued twice', () => {
    const { carry } = cutFrames(NOTHING, framed(Buffer.from('frame')).subarray(0, 6))
    const first = cutFrames(carry, Buffer.from('ame'))
    const second = cutFrames(carry, Buffer.from('AME'))
    expect(first.frames.map(String)).toEqual(['frame'])
    expect(second.frames.map(String)).toEqual(['frAME'])
  })

  it.each([
    ['negative', -1],
    ['too short for a header', 3],
    ['zero', 0],
    ['beyond 32 MiB', MAX_READ_FRAME_BYTES - 3],
    ['the beginning of an HTTP answer', Buffer.from('HTTP').readInt32BE()],
  ])('refuses an announced length that is %s', (_, length) => {
    const bytes = Buffer.alloc(8)
    bytes.writeInt32BE(length)
    for (const chunks of [[bytes], [bytes.subarray(0, 2), bytes.subarray(2)]]) {
      expect(() => cutAll(chunks)).toThrow(expect.objectContaining({ code: 'ERR_RMQ_PROTOCOL' }))
    }
  })

  it('measures the limit with the length prefix', () => {
    expect(cutAll([framed(Buffer.alloc(96))], 100).frames).toHaveLength(1)
    expect(() => cutAll([framed(Buffer.alloc(97))], 100)).toThrow(
      'a frame at byte 0 of the stream announces 97 bytes: expected 4 to 96',
    )
  })

  it('holds no more than has arrived, whatever is announced', () => {
    const prefix = Buffer.alloc(4)
    prefix.writeInt32BE(MAX_READ_FRAME_BYTES - 4)
    const { carry } = cutFrames(NOTHING, prefix)
    expect(carry).toEqual({ at: 0, bytes: 0, wanted: MAX_READ_FRAME_BYTES - 4, last: undefined })
  })

  it('gives the frames in front of a length that cannot be one, and says where in the stream that is', () => {
    const good = [framed(Buffer.from('first')), framed(Buffer.from('second')), framed(Buffer.from('third'))]
    const stream = Buffer.concat([...good, Buffer.from('ffffffff00000000', 'hex')])
    const place = stream.length - 8
    for (let cut = 0; cut < stream.length; cut++) {
      const first = cutFrames(NOTHING, stream.subarray(0, cut))
      const second = first.failure === undefined ? cutFrames(first.carry, stream.subarray(cut)) : undefined
      expect([...first.frames, ...(second?.frames ?? [])].map(String)).toEqual(['first', 'second', 'third'])
      const failure = first.failure ?? second?.failure
      expect(failure?.message).toBe(
        `a frame at byte ${place} of the stream announces -1 bytes: expected 4 to ${MAX_READ_FRAME_BYTES - 4}`,
      )
    }
  })

  it('keeps few pieces of a frame that comes byte by byte: each costs memory of its own', () => {
    const stream = framed(Buffer.alloc(50_000))
    let { carry } = cutFrames(NOTHING, stream.subarray(0, 4))
    for (let at = 4; at < stream.length - 1; at++) carry = cutFrames(carry, stream.subarray(at, at + 1)).carry
    let pieces = 0
    for (let part = carry.last; part !== undefined; part = part.before) pieces++
    expect(pieces).toBeLessThan(40)
    expect(cutFrames(carry, stream.subarray(-1)).frames[0]?.equals(stream.subarray(4))).toBe(true)
  })

  it('joins a frame of very many chunks in time that grows with its size only', () => {
    const content = Buffer.alloc(300_000, 'x')
    const stream = framed(content)
    const { frames } = cutAll(Array.from({ length: stream.length / 2 }, (_, at) => stream.subarray(2 * at, 2 * at + 2)))
    expect(frames[0]?.equals(content)).toBe(true)
  })
})
