import { describe, expect, it } from 'vitest'
import { createWriteGate } from '../../src/transport/write-gate.ts'
import { fakeSocket } from '../support/fake-socket.ts'

const endOfTurn = () => new Promise<void>(resolve => setImmediate(resolve))

describe('frames of one turn of the event loop', () => {
  it('leave in one write, in the order they came', async () => {
    const { socket, log } = fakeSocket()
    const gate = createWriteGate(socket, 'b:1', 100)
    for (const text of ['a', 'b', 'c']) gate.write$(Buffer.from(text)).subscribe()
    expect(log).toEqual([])
    await endOfTurn()
    expect(log).toEqual(['write abc'])
    gate.write$(Buffer.from('d')).subscribe()
    await endOfTurn()
    expect(log).toEqual(['write abc', 'write d'])
  })

  it('leave at once when they are as much as a socket buffers, so that a full one is noticed', () => {
    const { socket, log, fill } = fakeSocket()
    const gate = createWriteGate(socket, 'b:1', 1_000_000)
    fill()
    const halves = [Buffer.alloc(40_000, 'a'), Buffer.alloc(40_000, 'b')]
    expect(halves.map(half => gate.tryWrite(half))).toEqual([true, true])
    expect(log.map(line => line.length)).toEqual(['write '.length + 80_000])
    expect(gate.tryWrite(Buffer.from('c'))).toBe(false)
  })

  it('leave before the link closes, not after', () => {
    const { socket, log } = fakeSocket()
    const gate = createWriteGate(socket, 'b:1', 100)
    gate.write$(Buffer.from('farewell')).subscribe()
    gate.close()
    expect(log).toEqual(['write farewell'])
  })

  it('cost nothing where there are none', async () => {
    const { socket, log } = fakeSocket()
    createWriteGate(socket, 'b:1', 100).close()
    await endOfTurn()
    expect(log).toEqual([])
  })
})
