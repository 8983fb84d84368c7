import { isIPv4, isIPv6 } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ipFromBytes, ipToBytes } from '../../src/protocol/hosts.ts'

const ILLEGAL = expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL' }) as unknown
const hexOf = (address: string): string => ipToBytes(address).toString('hex')

describe('an address', () => {
  it.each([
    ['10.0.0.1', '0a000001'],
    ['255.255.255.255', 'ffffffff'],
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['1::', '00010000000000000000000000000000'],
    ['2001:DB8::10', '20010db8000000000000000000000010'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['64:ff9b::192.0.2.33', '0064ff9b0000000000000000c0000221'],
    ['fe80::1%eth0', 'fe800000000000000000000000000001'],
  ])('%s has the bytes %s', (address, hex) => {
    expect(hexOf(address)).toBe(hex)
  })

  it('of IPv4 that an IPv6 socket shows is IPv4 again', () => {
    expect(hexOf('::ffff:192.168.1.50')).toBe('c0a80132')
    expect(hexOf('::ffff:c0a8:132')).toBe('c0a80132')
  })

  it.each([
    '',
    'localhost',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    ':::',
    '1:2:3:4:5:6:7:8::',
    '12345::',
    'g::1',
    '::1.2.3',
    ':1',
    '%eth0',
  ])('cannot be "%s"', address => {
    expect(() => ipToBytes(address)).toThrow(ILLEGAL)
  })

  it('is read back from what it was written as, and others can read it', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.uint8Array({ minLength: 2, maxLength: 2 }).map(two => Uint8Array.of(...two, ...Array<number>(13).fill(0), 1)),
    )
    fc.assert(
      fc.property(bytes, address => {
        const text = ipFromBytes(address)
        expect(address.length === 4 ? isIPv4(text) : isIPv6(text)).toBe(true)
        expect(hexOf(text)).toBe(Buffer.from(address).toString('hex'))
      }),
    )
  })

  it.each([
    ['00010000000000000002000000000003', '1::2:0:0:3'],
    ['00010000000000020000000000030004', '1::2:0:0:3:4'],
    ['00010000000200030004000500060007', '1:0:2:3:4:5:6:7'],
    ['00000000000000000000000000000000', '::'],
  ])('%s is written as %s: its first longest run of zeros is left out, if it is more than one', (hex, text) => {
    expect(ipFromBytes(Buffer.from(hex, 'hex'))).toBe(text)
  })

  it('has 4 or 16 bytes', () => {
    expect(() => ipFromBytes(Buffer.alloc(5))).toThrow(ILLEGAL)
  })
})
