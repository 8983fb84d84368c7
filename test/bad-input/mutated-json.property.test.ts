import fc from 'fast-check'
import { it } from 'vitest'
import { decodeBatchAckBody } from '../../src/protocol/pop/batch-ack-body.ts'
import * as bodies from '../../src/protocol/bodies/bodies.ts'
import { readJsonHeader } from '../../src/protocol/frames/header-json.ts'
import { readLenientJson } from '../../src/protocol/lenient-json.ts'
import { publishQueues, subscribeQueues } from '../../src/protocol/bodies/routes.ts'
import type { Vector } from '../support/golden.ts'
import { goldenSeeds } from '../support/mutations.ts'
import { CASES, must, valueOrError, withstands } from '../support/robust.ts'

/** A character of the text, or a member by its path. */
const PLACE = /\bbyte \d+|at character \d+ of \d+|^[a-zA-Z ]+(\.|:| of )/

const queuesOfRoute = (body: Buffer): number => {
  const route = bodies.decodeTopicRoute(body)
  return publishQueues('t', route).length + subscribeQueues('t', route).length
}

type Read = (body: Buffer) => unknown

/** Every decoder of a body, whatever family is added. */
const READERS: readonly Read[] = [
  queuesOfRoute,
  readJsonHeader,
  decodeBatchAckBody,
  ...Object.entries(bodies)
    .filter(([name]) => name.startsWith('decode'))
    .map(([, decode]) => decode as Read),
]

const textOf = (json: unknown): Buffer | undefined => (typeof json === 'string' ? Buffer.from(json) : undefined)
const seeds = [
  ...goldenSeeds(/^json-bodies/, ({ json }: Vector) => textOf(json)),
  ...goldenSeeds(/^routes/, ({ input }: Vector) => textOf((input as { routeJson?: unknown }).routeJson)),
]

/** Each decoder has its turn, on bodies of every kind. */
const check = (body: Buffer, turn: number): void => {
  valueOrError(() => readLenientJson(body.toString('utf8')), PLACE)
  for (let i = 0; i < 2; i++) {
    const read = READERS[(turn + i) % READERS.length] ?? queuesOfRoute
    const value = valueOrError(() => read(body), PLACE)
    if (read === queuesOfRoute) must(((value as number | undefined) ?? 0) <= 2 * 65_536, 'a route has few queues')
  }
}

it('damaged JSON is read as far as it says something, or refused with the place and what was expected there', () => {
  let turn = 0
  withstands(seeds, CASES.jsonBodies, body => check(body, turn++))
}, 120_000)

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+|true|false|null|\{\}|\[\]/g
const WRONG = ['null', '-1', '1e400', '9007199254740993', '65537', '2147483648', '""', '"x"', '[]', '{}', '[[1]]', 'true', '{"__proto__":{}}', '"\\ud800"', '00', "'a'", '{{}:1}'] // prettier-ignore

it('JSON with one value of the wrong kind is read, or refused by the name of that value', () => {
  const texts = seeds.map(seed => seed.toString('utf8'))
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.constantFrom(...WRONG), (which, at, wrong) => {
      const text = texts[which % texts.length] ?? ''
      const places = [...text.matchAll(TOKEN)]
      const place = places[at % places.length]
      const start = place?.index ?? 0
      check(Buffer.from(text.slice(0, start) + wrong + text.slice(start + (place?.[0].length ?? 0))), at + which)
    }),
    { numRuns: CASES.wrongJson },
  )
}, 120_000)
