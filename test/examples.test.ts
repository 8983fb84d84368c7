import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { checksum, withFingerprints } from '../examples/flights/fingerprints.ts'
import type { Flight } from '../examples/flights/flight.ts'
import { createLedger } from '../examples/flights/ledger.ts'
import type { Balance } from '../examples/flights/ledger.ts'
import { createOrderCheck } from '../examples/flights/order.ts'
import { isFlawless } from '../examples/flights/summary.ts'
import { startEmbeddedCluster } from '../src/embedded/index.ts'
import { killChildren, ROOT, runChild, startChild } from './cli/child.ts'

afterEach(killChildren)

const LONG = 90_000

const lastLineOf = (text: string): string => text.trimEnd().split('\n').at(-1) ?? ''

/** The last line that each example promises. */
const EXAMPLES: Readonly<Record<string, RegExp>> = {
  '00-flights': /^PHX █+\S* +12\.0 min {2}633 flights$/, // the tenth of the ten airports with the worst delays
  '01-mergemap-is-safe': /^mergeMap stored 5000, sendAll stored 5000, and with room for 500 it refused 4436$/,
  '02-send-one': /^ok: message [0-9A-F]{32} is in queue \d of broker-a$/,
  '03-consume-with-until': /^stopped in order: 100 jobs done, 0 of them twice$/,
  '04-retry-later': /^attempt 2 succeeded$/,
  '05-send-from-a-file': /^read (\d+) lines, stored \1$/,
  '06-bad-day': /^1000 events, 1000 outcomes: 1000 stored, 0 of them missing$/,
  '07-watch-statistics': /^200 sent, 50 failed: 80\.0 % succeeded, and that was noticed$/,
  '08-request-reply': /^1 \+ 10 = 11, 2 \+ 20 = 22, 3 \+ 30 = 33$/,
  '09-delayed-and-recalled': /^delivered: the first, the second$/,
  '10-transaction': /^shipped: ORDER_12345, ORDER_12347$/,
  '11-ways-to-send': /^108 messages sent in five ways, 108 received$/,
  '12-in-order': /^5 users, 40 events each, 1 queue a user, 0 events out of order$/,
  '13-choose-queues': /^9 attempts routed: 4 round-robin, 2 message-hash, 3 custom$/,
  '14-configure': /^4 problems of the program, 2 of the environment, told at once$/,
  '15-logs-and-metrics': /^301 lines and 1000 readings arrived, few requests: true$/,
  '16-many-at-once': /^2000 at most 32 at once: true; 97 light stored, 3 refused$/,
  '17-errors': /^2 stored, and order one is a dead letter because of ERR_RMQ_AUTH$/,
  '18-low-level': /^found the queues by hand; of another topic: no route$/,
  '19-watch-brokers': /^broker-a suspended, broker-a healthy, broker-b degraded, broker-b unhealthy, broker-b healthy$/,
  '20-pull': /^40 polled, 10 fetched, 30 one by one$/,
  '21-consume-concurrently': /^400 orders, several at once: true, never more than 40: true$/,
  '22-consume-in-order': /^ada: 0\.1 1\.1 1\.2 1\.3 2\.1; grace: 0\.1 1\.1 2\.1$/,
  '23-broadcast': /^3 notices, received 3 and 3 times$/,
  '24-filter-by-sql': /^then: a sofa to Lima$/,
  '25-retry-and-dead-letters':
    /^broken dead-lettered at attempt 1, flaky acked at attempt 2, good acked at attempt 1, hopeless dead-lettered at attempt 2$/,
  '26-pull-by-hand': /^50 jobs in their order, several pulls: true, the group is at 50$/,
  '27-go-back-an-hour': /^20 invoices, each booked twice: true$/,
  '28-in-batches': /^500 rows, few inserts: true, none above 100: true$/,
  '29-pop': /^60 pictures of 1 queue, painted by 2 members$/,
  '30-watch-a-consumer': /^99 done, 1 failed: 99 % succeeded$/,
}

it('every example is in the table of this test', () => {
  const files = readdirSync(`${ROOT}examples`).filter(name => /^\d\d-.*\.ts$/.test(name))
  expect(files.map(name => name.replace(/\.ts$/, '')).sort()).toEqual(Object.keys(EXAMPLES))
})

describe.each(Object.entries(EXAMPLES))('the example %s', { timeout: LONG }, (name, lastLine) => {
  it(
    'runs on an embedded cluster, says what it promises, and ends by itself',
    async () => {
      const { code, stdout, stderr } = await runChild(`dist-examples/${name}.js`)
      expect({ code, lastLine: lastLineOf(stdout), stderr }).toEqual({
        code: 0,
        lastLine: expect.stringMatching(lastLine) as string,
        stderr: expect.any(String) as string,
      })
    },
    LONG,
  )
})

describe('the main job, 00-flights', { timeout: LONG }, () => {
  const FLIGHTS = 'dist-examples/00-flights.js'
  const STARTED = /flights through topic/

  it(
    'with --json writes one line for programs on stdout, and its summary on stderr',
    async () => {
      const { code, stdout, stderr } = await runChild(FLIGHTS, { args: ['--json'] })
      expect(stdout.trimEnd()).not.toContain('\n')
      expect({ code, ...(JSON.parse(stdout) as object) }).toEqual({
        code: 0,
        sent: 20_000,
        received: 20_000,
        lost: 0,
        duplicated: 0,
        outOfOrder: 0,
        seconds: expect.any(Number) as number,
        target: 'embedded',
      })
      const [sent, received] = [...stderr.matchAll(/checksum ([0-9a-f]{12})/g)].map(([, sum]) => sum)
      expect(sent).toBe(received)
      expect(stderr).toContain('20,000 flights received')
    },
    LONG,
  )

  it(
    'at Ctrl-C sends nothing more, receives what was sent, says what was left, and exits with 130',
    async () => {
      const job = startChild(FLIGHTS, { args: ['--json'] })
      await job.wrote('stderr', STARTED)
      await sleep(700)
      job.kill('SIGINT')
      const { code, stdout, stderr } = await job.ended
      const { sent, received, lost, outOfOrder } = JSON.parse(stdout) as Record<string, number>
      expect({ code, received, lost, outOfOrder }).toEqual({ code: 130, received: sent, lost: 0, outOfOrder: 0 })
      expect(sent).toBeLessThan(20_000)
      const left = (20_000 - Number(sent)).toLocaleString('en-US')
      expect(lastLineOf(stderr)).toBe(`interrupted: ${left} flights were not sent, 0 were sent and not received`)
    },
    LONG,
  )

  it(
    'runs on the cluster at ROCKETMQ_NAMESRV_ADDR, and at a second Ctrl-C does not wait for it',
    async () => {
      const cluster = await startEmbeddedCluster()
      const job = startChild(FLIGHTS, { args: ['--json'], nameServers: cluster.nameServers.join(';') })
      expect(await job.wrote('stderr', STARTED)).toContain(`cluster at ${cluster.nameServers.join(';')}`)
      await sleep(700)
      cluster.pauseBroker() // nothing is answered any more: draining takes its time
      job.kill('SIGINT')
      await sleep(400)
      job.kill('SIGINT')
      const { code, stdout } = await job.ended
      await cluster.stop()
      expect({ code, stdout }).toEqual({ code: 130, stdout: '' })
    },
    LONG,
  )
})

describe('the bookkeeping of the main job', () => {
  const FLAWLESS = { sent: 2, received: 2, lost: 0, duplicated: 0, corrupted: 0 }
  const book = (received: readonly (readonly [no: number, fingerprint: number])[]) => {
    const ledger = createLedger()
    ledger.enterSent(1, 11)
    ledger.enterSent(2, 22)
    for (const [no, fingerprint] of received) ledger.enterReceived(no, fingerprint)
    return ledger.balance()
  }
  const isGood = (balance: Balance, outOfOrder = 0): boolean =>
    isFlawless({ ...balance, outOfOrder, airports: 1, seconds: 1, target: 'embedded' })

  it('balances when everything came once, in any order', () => {
    const balance = book([
      [2, 22],
      [1, 11],
    ])
    expect(balance).toMatchObject(FLAWLESS)
    expect(balance.checksums.received).toBe(balance.checksums.sent)
    expect(isGood(balance)).toBe(true)
  })

  it('notices what is lost', () => {
    const balance = book([[2, 22]])
    expect(balance).toMatchObject({ ...FLAWLESS, received: 1, lost: 1 })
    expect(balance.checksums.received).not.toBe(balance.checksums.sent)
    expect(isGood(balance)).toBe(false)
  })

  it('notices what came twice, which at-least-once delivery allows', () => {
    const balance = book([
      [1, 11],
      [2, 22],
      [1, 11],
    ])
    expect(balance).toMatchObject({ ...FLAWLESS, duplicated: 1 })
    expect(isGood(balance)).toBe(true)
  })

  it('notices a body that changed on the way', () => {
    const balance = book([
      [1, 11],
      [2, 23],
    ])
    expect(balance).toMatchObject({ ...FLAWLESS, corrupted: 1 })
    expect(balance.checksums.received).not.toBe(balance.checksums.sent)
    expect(isGood(balance)).toBe(false)
  })

  it('notices a flight that overtook another one of its airport, and no other', () => {
    const flight = (no: number, origin: string): Flight => ({
      no,
      origin,
      date: '2001/01/01 00:47',
      delay: 0,
      distance: 1,
      destination: 'LAS',
    })
    const order = createOrderCheck()
    for (const seen of [flight(2, 'DTW'), flight(1, 'HNL'), flight(5, 'DTW'), flight(4, 'DTW'), flight(6, 'DTW')]) {
      order.see(seen)
    }
    expect(order.outOfOrder()).toBe(1)
    expect(
      isGood(
        book([
          [1, 11],
          [2, 22],
        ]),
        1,
      ),
    ).toBe(false)
  })

  it('tells bodies apart by their bytes, and sums them up whatever their order', () => {
    const { codec, fingerprintOf } = withFingerprints({
      name: 'text in an object',
      encode: ({ text }: { readonly text: string }) => Buffer.from(text),
      decode: body => ({ text: Buffer.from(body).toString() }),
    })
    const [a, b] = [{ text: 'a' }, { text: 'b' }]
    const received = codec.decode(codec.encode(a))
    codec.encode(b)
    expect(fingerprintOf(received)).toBe(fingerprintOf(a))
    expect(fingerprintOf(b)).not.toBe(fingerprintOf(a))
    expect(checksum([1, 2, 3])).toBe(checksum([3, 1, 2]))
    expect(checksum([1, 2, 2])).not.toBe(checksum([1, 2]))
    expect(checksum([2 ** 48 - 1, 2])).toBe('000000000001')
  })
})
