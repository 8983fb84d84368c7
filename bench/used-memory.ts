/** What this process has taken for values and buffers, bytes. */
export const usedMemory = (): number => {
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return heapUsed + external + arrayBuffers
}
