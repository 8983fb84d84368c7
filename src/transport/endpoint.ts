import { illegal } from '../errors.ts'

export interface Endpoint {
  /** Name or IP address, IPv6 without brackets. */
  readonly host: string
  readonly port: number
}

/** Reads `host:port`, split at the last colon; an IPv6 address may stand in brackets. */
export const parseEndpoint = (text: string): Endpoint => {
  const at = text.lastIndexOf(':')
  const host =
    at < 0
      ? ''
      : text
          .slice(0, at)
          .trim()
          .replace(/^\[(.*)\]$/, '$1')
  const port = at < 0 ? NaN : Number(text.slice(at + 1))
  if (host === '' || /\s/.test(host) || !/^\d{1,5}$/.test(text.slice(at + 1)) || port < 1 || port > 65_535) {
    throw illegal(`"${text.slice(0, 80)}" is not an address: expected host:port`, {
      advice: 'write it as host:port, for example 127.0.0.1:9876',
    })
  }
  return { host, port }
}

/** `a:1;b:2` (or with commas) as a list without blanks and duplicates. Every address is checked. */
export const parseEndpoints = (text: string): readonly string[] => {
  const endpoints = [
    ...new Set(
      text
        .split(/[;,]/)
        .map(part => part.trim())
        .filter(part => part !== ''),
    ),
  ]
  for (const endpoint of endpoints) parseEndpoint(endpoint)
  return endpoints
}
