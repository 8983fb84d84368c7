import { defer, retry } from 'rxjs'
import { describe, it } from 'vitest'
import { connectionLost, illegal, isRocketError } from '../../src/errors.ts'
import { withBackoff } from '../../src/operators/backoff.ts'
import { errorsAsValues, marbles } from '../marbles.ts'

const isRetriable = (error: unknown) => isRocketError(error) && error.retriable
const lost = connectionLost('b:1', 'no')

describe('reconnecting with retry(withBackoff(…))', () => {
  it(
    'pauses twice as long after each failure, up to a ceiling',
    marbles(m => {
      const links = [m.cold('#', {}, lost), m.cold('-#', {}, lost), m.cold('#', {}, lost), m.cold('u')]
      const tries = [
        '              (^!)             ',
        '              --^!             ',
        '              -------(^!)      ',
        '              ------------^    ',
      ]
      const expected = '       ------------u    '
      let next = 0
      const link$ = defer(() => links[next++]!)
      const options = { firstMs: 2, maxMs: 5, random: () => 1 }
      m.expect(link$.pipe(retry(withBackoff(options, isRetriable)))).toBeObservable(expected)
      links.forEach((link, i) => m.expect(link).toHaveSubscriptions(tries[i]!))
    }),
  )

  it(
    'pauses shortly again after a connection that worked',
    marbles(m => {
      const links = [m.cold('#', {}, lost), m.cold('#', {}, lost), m.cold('-u#', { u: 'u' }, lost), m.cold('v')]
      const expected = '       -------u--v'
      let next = 0
      const link$ = defer(() => links[next++]!)
      const options = { firstMs: 2, maxMs: 100, random: () => 1 }
      m.expect(link$.pipe(retry(withBackoff(options, isRetriable)))).toBeObservable(expected)
    }),
  )

  it(
    'passes on at once what trying again would not cure',
    marbles(m => {
      const link$ = m.cold('   --#   ', {}, illegal('no such thing'))
      const expected = '       --(X|)'
      const out$ = link$.pipe(retry(withBackoff({ firstMs: 2, maxMs: 5 }, isRetriable)), errorsAsValues())
      m.expect(out$).toBeObservable(expected, { X: 'ERR_RMQ_ILLEGAL no' })
    }),
  )

  it(
    'stops waiting when unsubscribed',
    marbles(m => {
      const link$ = m.cold('   #  ', {}, lost)
      const until = '          ^-!  '
      const tried = '          (^!)'
      m.expect(link$.pipe(retry(withBackoff({ firstMs: 9, maxMs: 9 }, isRetriable))), until).toBeObservable('')
      m.expect(link$).toHaveSubscriptions(tried)
    }),
  )
})
