/** Records larger than this have memory of their own anyway. */
const MAX_SHARED_BYTES = 32 * 1024
const SLAB_BYTES = 1024 * 1024

/**
 * Copies what is kept for long next to each other. Small buffers come from memory that they share with answers and
 * other short-lived bytes, all of which would stay as long as one message in it does.
 */
export const createSlabs = (): ((bytes: Buffer) => Buffer) => {
  let slab = Buffer.alloc(0)
  let used = 0
  return bytes => {
    if (bytes.length > MAX_SHARED_BYTES) return bytes
    if (used + bytes.length > slab.length) {
      slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
      used = 0
    }
    const kept = slab.subarray(used, used + bytes.length)
    used += bytes.copy(slab, used)
    return kept
  }
}
