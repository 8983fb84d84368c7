import { describe, expect, it } from 'vitest'
import { createWriteGate } from '../../src/transport/write-gate.ts'
import { fakeSocket } from '../support/fake-socket.ts'

const nextTick = () => new Promise<void>(resolve => process.nextTick(resolve))

describe('writes of one turn of the event loop', () => {
  it('leave in one system call: corked with the first, uncorked after the last', async () => {
    const { socket, log } = fakeSocket()
    const gate = createWriteGate(socket, 'b:1', 100)
    for (const text of ['a', 'b', 'c']) gate.write$(Buffer.from(text)).subscribe()
    expect(log).toEqual(['cork', 'write a', 'write b', 'write c'])
    await nextTick()
    expect(log.slice(4)).toEqual(['uncork'])
    gate.write$(Buffer.from('d')).subscribe()
    await nextTick()
    expect(log.slice(5)).toEqual(['cork', 'write d', 'uncork'])
  })

  it('leave before the link closes, not after', () => {
    const { socket, log } = fakeSocket()
    const gate = createWriteGate(socket, 'b:1', 100)
    gate.write$(Buffer.from('farewell')).subscribe()
    gate.close()
    expect(log).toEqual(['cork', 'write farewell', 'uncork'])
  })

  it('cost nothing where nothing is written', async () => {
    const { socket, log } = fakeSocket()
    createWriteGate(socket, 'b:1', 100).close()
    await nextTick()
    expect(log).toEqual([])
  })
})
