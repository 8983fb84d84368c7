import { compressLz4Block } from './lz4-compress-block.ts'

/** Magic, version 1 with independent blocks and without checksums or size, blocks of 4 MiB, check byte of these two. */
const HEAD = Buffer.from('04224d18607073', 'hex')
const END = Buffer.alloc(4)
const BLOCK_BYTES = 4_194_304
/** The bit of a block's length that says: not compressed. */
const STORED = 0x8000_0000

/** One LZ4 frame, made as the official client makes it: its readers refuse blocks that depend on each other. */
export const compressLz4 = (bytes: Buffer): Buffer => {
  const parts: Buffer[] = [HEAD]
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    const content = bytes.subarray(at, at + BLOCK_BYTES)
    const block = compressLz4Block(content)
    const head = Buffer.allocUnsafe(4)
    head.writeUInt32LE(block === undefined ? STORED + content.length : block.length)
    parts.push(head, block ?? content)
  }
  parts.push(END)
  return Buffer.concat(parts)
}
