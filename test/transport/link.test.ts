import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { firstValueFrom, lastValueFrom, map, switchMap, take, tap, toArray } from 'rxjs'
import { afterEach, describe, expect, it } from 'vitest'
import { isRocketError } from '../../src/errors.ts'
import { tcp } from '../../src/transport/dial.ts'
import { link$ } from '../../src/transport/link.ts'

const servers: Server[] = []
/** A server on the loopback address. */
const listen = async (serve: (socket: Socket) => void): Promise<string> => {
  const server = createServer(socket => {
    socket.on('error', () => undefined) // a reset when the link hangs up is no error of the test
    serve(socket)
  })
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

describe('a link over a real socket', () => {
  it('carries bytes in both directions', async () => {
    const endpoint = await listen(socket => socket.pipe(socket))
    const echoed$ = link$(endpoint, { dial: tcp() }).pipe(
      switchMap(({ bytes$, write$ }) => {
        write$(Buffer.from('hello')).subscribe()
        return bytes$
      }),
      take(1),
      map(bytes => bytes.toString()),
    )
    expect(await firstValueFrom(echoed$)).toBe('hello')
  })

  it('waits for the peer to read: a write larger than the buffers is taken only then', async () => {
    let peer: Socket | undefined
    const endpoint = await listen(socket => {
      peer = socket.pause()
    })
    const big = Buffer.alloc(16 << 20)
    const seen: string[] = []
    const written$ = link$(endpoint, { dial: tcp({ writeBufferBytes: 1_024 }) }).pipe(
      switchMap(({ write$, writable$ }) => {
        writable$.subscribe(writable => seen.push(writable ? 'writable' : 'full'))
        write$(big).subscribe(() => seen.push('took the first'))
        const second$ = write$(Buffer.from('x')).pipe(tap(() => seen.push('took the second')))
        setTimeout(() => peer?.resume(), 50)
        return second$
      }),
      take(1),
    )
    await firstValueFrom(written$)
    expect(seen).toEqual(['writable', 'full', 'took the first', 'took the second'])
  })

  it('that nobody listens to is refused, with the reason of the system', async () => {
    const endpoint = await listen(() => undefined)
    await new Promise(resolve => servers.splice(0)[0]?.close(resolve))
    const failure = await firstValueFrom(link$(endpoint, { dial: tcp() })).catch((error: unknown) => error)
    expect(isRocketError(failure) && [failure.code, failure.sent, failure.endpoint]).toEqual([
      'ERR_RMQ_CONNECT',
      'no',
      endpoint,
    ])
    expect((failure as Error).message).toContain('ECONNREFUSED')
  })

  it('is lost when the peer ends it, and what came before is not', async () => {
    const endpoint = await listen(socket => socket.end('bye'))
    const seen: string[] = []
    const all$ = link$(endpoint, { dial: tcp() }).pipe(
      switchMap(({ bytes$ }) => bytes$),
      tap(bytes => seen.push(bytes.toString())),
      toArray(),
    )
    const failure = await lastValueFrom(all$).catch((error: unknown) => error)
    expect([seen, (failure as Error).message]).toEqual([['bye'], `connection to ${endpoint} lost`])
  })

  it('tells the peer when it is given up, after what was written', async () => {
    const received: string[] = []
    let ended: (() => void) | undefined
    const end = new Promise<void>(resolve => (ended = resolve))
    const endpoint = await listen(socket => {
      socket.on('data', data => received.push(data.toString()))
      socket.on('close', () => ended?.())
    })
    const written$ = link$(endpoint, { dial: tcp() }).pipe(switchMap(({ write$ }) => write$(Buffer.from('last words'))))
    await firstValueFrom(written$) // which unsubscribes
    await end
    expect(received).toEqual(['last words'])
  })

  it('keeps no process alive by itself', () => {
    const socket = tcp()({ host: '127.0.0.1', port: 1 })
    socket.on('error', () => undefined)
    expect((socket as unknown as { _handle: { hasRef(): boolean } })._handle.hasRef()).toBe(false)
    socket.destroy()
  })
})
