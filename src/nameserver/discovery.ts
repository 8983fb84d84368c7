import { catchError, defaultIfEmpty, defer, distinctUntilChanged, from, map, throwError } from 'rxjs'
import type { Observable, ObservableInput } from 'rxjs'
import { illegal, RocketError } from '../errors.ts'

/** A list `host:port;host:port`, an array of addresses, or a function that gives a stream of lists. */
export type NameServers = string | readonly string[] | (() => ObservableInput<readonly string[]>)

/** The addresses of the name servers now, and again when they change. Fails with ERR_RMQ_ILLEGAL when there is none. */
export const nameServers$ = (
  nameServers: NameServers,
  parse: (text: string) => readonly string[],
): Observable<readonly string[]> =>
  defer(() => from(typeof nameServers === 'function' ? nameServers() : [nameServers])).pipe(
    catchError((cause: unknown) => throwError(() => undiscovered(cause))),
    defaultIfEmpty<string | readonly string[], string>(''),
    map(given => parse(typeof given === 'string' ? given : given.join(';'))),
    map(nonEmpty),
    distinctUntilChanged((a, b) => a.join() === b.join()),
  )

const undiscovered = (cause: unknown): RocketError =>
  new RocketError(
    'ERR_RMQ_CONNECT',
    `the name servers could not be found: ${cause instanceof Error ? cause.message : String(cause)}`,
    {
      retriable: true,
      cause,
      advice: 'check what the `nameServers` function does',
    },
  )

const nonEmpty = (addresses: readonly string[]): readonly string[] => {
  if (addresses.length > 0) return addresses
  throw illegal('no name server is configured', {
    advice: 'give nameServers, or set ROCKETMQ_NAMESRV_ADDR, for example 127.0.0.1:9876',
  })
}
