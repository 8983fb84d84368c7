/** A frame with this header, in whatever form it says it is. */
const framed = (type: number, header: Buffer, announcedHeader = header.length): Buffer => {
  const frame = Buffer.alloc(8 + header.length)
  frame.writeInt32BE(4 + header.length, 0)
  frame.writeInt32BE((type << 24) | announcedHeader, 4)
  header.copy(frame, 8)
  return frame
}
const jsonFrame = (header: string): Buffer => framed(0, Buffer.from(header))
const hex = (text: string): Buffer => Buffer.from(text, 'hex')

const noise = (length: number): Buffer => {
  const bytes = Buffer.alloc(length)
  for (let at = 0, state = 99; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    bytes[at] = state >>> 24
  }
  return bytes
}

/** Code, language, version, opaque and flag of a binary header: everything in front of the remark. */
const BINARY = hex('00000001dfffffffff00000001')

const manyFields = (): Buffer => {
  const fields = Buffer.alloc(70_000 * 9)
  for (let n = 0; n < 70_000; n++) {
    fields.writeUInt16BE(2, 9 * n)
    fields.writeUInt16BE(n & 0xffff, 9 * n + 2)
    fields.writeUInt32BE(1, 9 * n + 4)
  }
  const length = Buffer.alloc(8)
  length.writeUInt32BE(fields.length, 4)
  return framed(1, Buffer.concat([BINARY, length, fields]))
}

/** Bytes after which no frame can be read, for either end of a connection. */
export const RUBBISH: Readonly<Record<string, Buffer>> = {
  'a negative length': hex('ffffffff00000000'),
  'a length of zero': hex('0000000000000000'),
  'a length that is too short for a header': hex('00000003616263'),
  'a length of 2 GiB': hex('7fffffff00000000'),
  'an HTTP request': Buffer.from('POST / HTTP/1.1\r\nhost: a\r\n\r\n'),
  'a TLS alert': hex('15030300020228'),
  noise: noise(5_000),
  'a header that ends behind its frame': framed(0, Buffer.from('{}'), 400),
  'a serialize type that nobody knows': framed(7, Buffer.from('{}')),
  'a header that is no JSON': jsonFrame('{nope}'),
  'a header that is a list': jsonFrame('[1]'),
  'a header that is no UTF-8': framed(0, hex('7b22636f6465223ac328ff7d')),
  'a code of more than 32 bits': jsonFrame('{"code":4294967296}'),
  'a header nested too deeply': jsonFrame(`{"extFields":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`),
  'a header of millions of values': jsonFrame(`{"x":[${'1,'.repeat(2_000_000)}1]}`),
  'a binary header that is too short': framed(1, hex('0000')),
  'a binary header with a negative remark': framed(1, Buffer.concat([BINARY, hex('ffffffff00000000')])),
  'a binary header with fields behind its end': framed(1, Buffer.concat([BINARY, hex('000000007fffffff')])),
  'a binary header of too many fields': manyFields(),
}

/** Announces a frame of this many bytes and sends the beginning of it. */
export const announced = (bytes: number): Buffer => {
  const beginning = Buffer.alloc(100, '{')
  beginning.writeInt32BE(bytes - 4)
  return beginning
}
