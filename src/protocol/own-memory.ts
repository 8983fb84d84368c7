/**
 * The same bytes in memory that is not much larger than they are. Decoders make their output in pieces of a fixed size:
 * kept as a view, a body of one byte would keep 16 KiB or more alive.
 */
export const inOwnMemory = (bytes: Buffer): Buffer => {
  if (bytes.buffer.byteLength <= 2 * bytes.length) return bytes
  const own = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(own)
  return own
}
