import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseEndpoint, parseEndpoints } from '../../src/transport/endpoint.ts'

describe('an address', () => {
  it.each([
    ['127.0.0.1:9876', { host: '127.0.0.1', port: 9876 }],
    ['broker-a.example:10911', { host: 'broker-a.example', port: 10_911 }],
    ['localhost:1', { host: 'localhost', port: 1 }],
    ['localhost:65535', { host: 'localhost', port: 65_535 }],
    ['[::1]:9876', { host: '::1', port: 9876 }],
    ['[fe80::1%eth0]:9876', { host: 'fe80::1%eth0', port: 9876 }],
    ['2001:db8::7:9876', { host: '2001:db8::7', port: 9876 }],
  ])('%s is read', (text, endpoint) => {
    expect(parseEndpoint(text)).toEqual(endpoint)
  })

  it.each([
    ['nothing', ''],
    ['no port', 'localhost'],
    ['no port after the colon', 'localhost:'],
    ['no host', ':9876'],
    ['a blank host', '  :9876'],
    ['port 0', 'localhost:0'],
    ['a port beyond 65535', 'localhost:65536'],
    ['a port that is no number', 'localhost:http'],
    ['a negative port', 'localhost:-1'],
    ['a port with a fraction', 'localhost:1.5'],
    ['a port in hexadecimal', 'localhost:0x10'],
    ['a blank within the host', 'local host:9876'],
    ['a path behind the port', 'localhost:9876/x'],
    ['empty brackets', '[]:9876'],
  ])('with %s is refused, and the error shows it and what is expected', (_, text) => {
    expect(() => parseEndpoint(text)).toThrow(
      expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL', message: `"${text}" is not an address: expected host:port` }),
    )
  })

  it('that is much too long is not shown in full', () => {
    const failure = (() => {
      try {
        return parseEndpoint('x'.repeat(10_000))
      } catch (error) {
        return error as Error
      }
    })()
    expect((failure as Error).message.length).toBeLessThan(200)
  })

  it('survives being written and read, with any host and port', () => {
    const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6())
    fc.assert(
      fc.property(host, fc.integer({ min: 1, max: 65_535 }), (name, port) => {
        const written = name.includes(':') ? `[${name}]:${port}` : `${name}:${port}`
        expect(parseEndpoint(written)).toEqual({ host: name, port })
      }),
    )
  })
})

describe('a list of addresses', () => {
  it.each([
    ['a:1', ['a:1']],
    ['a:1;b:2', ['a:1', 'b:2']],
    ['a:1,b:2', ['a:1', 'b:2']],
    [' a:1 ; b:2 ;; ', ['a:1', 'b:2']],
    ['a:1;b:2;a:1', ['a:1', 'b:2']],
    ['[::1]:1;b:2', ['[::1]:1', 'b:2']],
    ['', []],
    [' ; , ', []],
  ])('"%s" is %j: without blanks, empty places and duplicates', (text, endpoints) => {
    expect(parseEndpoints(text)).toEqual(endpoints)
  })

  it('is refused as a whole when one address is none', () => {
    expect(() => parseEndpoints('a:1;b')).toThrow('"b" is not an address')
  })
})
