import { illegal } from '../errors.ts'

/** Where a message was born or is stored. */
export interface Host {
  /** Textual IPv4 or IPv6 address. */
  readonly address: string
  readonly port: number
}

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/
const MAPPED_PREFIX = Buffer.from('00000000000000000000ffff', 'hex')

/**
 * The 4 or 16 bytes of a textual address. A zone (`%eth0`) is dropped and an IPv4 address that is dressed as IPv6
 * (`::ffff:10.0.0.1`) becomes IPv4 again, as in Java; anything else throws `ERR_RMQ_ILLEGAL`.
 */
export const ipToBytes = (address: string): Buffer => {
  const bytes = ipv4Bytes(address) ?? ipv6Bytes(withoutZone(address))
  if (bytes === undefined) throw illegal(`"${address.slice(0, 64)}" is no address: expected IPv4 or IPv6`)
  return bytes.length === 16 && bytes.subarray(0, 12).equals(MAPPED_PREFIX) ? bytes.subarray(12) : bytes
}

/** The text of 4 or 16 address bytes; IPv6 with its longest run of zeros as `::` (RFC 5952). */
export const ipFromBytes = (bytes: Uint8Array): string => {
  const [a, b, c, d] = bytes
  if (bytes.length === 4) return `${a ?? 0}.${b ?? 0}.${c ?? 0}.${d ?? 0}`
  if (bytes.length !== 16) throw illegal(`an IP address has 4 or 16 bytes, not ${bytes.length}`)
  const groups: string[] = []
  for (let at = 0; at < 16; at += 2) groups.push((((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16))
  const { start, length } = longestZeros(groups)
  if (length < 2) return groups.join(':')
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`
}

const ipv4Bytes = (address: string): Buffer | undefined => {
  const parts = IPV4.exec(address)?.slice(1).map(Number)
  return parts?.every(part => part < 256) ? Buffer.from(parts) : undefined
}

const ipv6Bytes = (address: string): Buffer | undefined => {
  const lastColon = address.lastIndexOf(':')
  if (lastColon === -1) return undefined
  const tail = address.slice(lastColon + 1)
  if (tail.includes('.')) {
    const ipv4 = ipv4Bytes(tail)
    if (ipv4 === undefined) return undefined
    const hex = ipv4.toString('hex')
    return ipv6Bytes(`${address.slice(0, lastColon + 1)}${hex.slice(0, 4)}:${hex.slice(4)}`)
  }
  const [head = '', rest, ...more] = address.split('::')
  if (more.length > 0) return undefined
  const before = groupsOf(head)
  const after = groupsOf(rest ?? '')
  const missing = 8 - before.length - after.length
  if (rest === undefined ? missing !== 0 : missing < 1) return undefined
  const groups = [...before, ...Array<string>(Math.max(missing, 0)).fill('0'), ...after]
  if (!groups.every(group => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined
  return Buffer.from(groups.map(group => group.padStart(4, '0')).join(''), 'hex')
}

const withoutZone = (address: string): string => {
  const zoneAt = address.indexOf('%')
  return zoneAt === -1 || zoneAt === address.length - 1 ? address : address.slice(0, zoneAt)
}

const groupsOf = (text: string): string[] => (text === '' ? [] : text.split(':'))

const longestZeros = (groups: readonly string[]): { start: number; length: number } => {
  let best = { start: 0, length: 0 }
  let length = 0
  groups.forEach((group, at) => {
    length = group === '0' ? length + 1 : 0
    if (length > best.length) best = { start: at - length + 1, length }
  })
  return best
}
