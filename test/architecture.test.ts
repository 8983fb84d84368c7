import { dirname, join } from 'node:path/posix'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { importCircles } from './support/import-circles.ts'
import { FLOORS, MAY_ALSO_IMPORT, MAY_IMPORT, MAY_SUBSCRIBE } from './support/rooms.ts'
import { calledName, eachNode, filesUnder, finding, importsOf, type Source } from './support/sources.ts'

/** The one file of the library that writes to the console. */
const PRINTER = 'src/cli/print.ts'
/** This file names what it forbids. */
const THIS = 'test/architecture.test.ts'
const LONGEST = 300

const everything = filesUnder('').filter(({ path }) => path !== THIS)
const src = everything.filter(({ path }) => path.startsWith('src/') && path.endsWith('.ts'))
const code = everything.filter(({ path }) => /\.(?:ts|mts|cts|js|mjs|cjs)$/.test(path))
const tests = everything.filter(({ path }) => /^(test|marble-tests)\/.*\.ts$/.test(path))

const roomOf = (path: string): string =>
  path
    .replace(/^src\//, '')
    .split('/')[0]
    ?.replace(/\.ts$/, '') ?? ''

const forbiddenImports = (file: Source): readonly string[] => {
  const room = roomOf(file.path)
  const allowed = MAY_IMPORT[room]?.split(' ').concat(MAY_ALSO_IMPORT[file.path]?.split(' ') ?? [])
  if (allowed === undefined) return [`${file.path}: the room ${room} has no rule`]
  return importsOf(file).flatMap(({ from, typeOnly, position }) => {
    const to = from.startsWith('.') ? roomOf(join(dirname(file.path), from)) : from
    if (to === room || allowed.includes(to) || (typeOnly && allowed.includes(`[${to}]`))) return []
    if (to.startsWith('node:') && allowed.includes('node:*')) return []
    return [finding(file, position, `${room} may not import ${typeOnly ? 'types of ' : ''}${to}`)]
  })
}

/** Imports from a folder of a room to one above it. */
const climbing = (file: Source): readonly string[] => {
  const placeOf = (path: string): readonly [string | undefined, number] => {
    const [, room = '', folder = ''] = path.split('/')
    return [room, FLOORS[room]?.indexOf(folder) ?? -1]
  }
  const [room, floor] = placeOf(file.path)
  return importsOf(file).flatMap(({ from, position }) => {
    const [toRoom, toFloor] = placeOf(join(dirname(file.path), from))
    return toRoom === room && floor >= 0 && toFloor > floor ? [finding(file, position, `climbs to ${from}`)] : []
  })
}

const CLOCKS = ['setTimeout', 'setInterval', 'setImmediate']
const TRAPS = ['shareReplay', 'groupBy', 'expand']

const forbiddenCode = (file: Source): readonly string[] => {
  const found: string[] = []
  eachNode(file, (node, tree) => {
    const say = (what: string): number => found.push(finding(file, node.getStart(tree), what))
    if (ts.isIdentifier(node) && CLOCKS.includes(node.text)) say(`${node.text}: time comes from rxjs and its scheduler`)
    if (ts.isIdentifier(node) && TRAPS.includes(node.text))
      say(`${node.text} loses, keeps or overflows: see CONTRIBUTING.md`)
    if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
      const name = `${node.expression.text}.${node.name.text}`
      if (name === 'Date.now') say(`${name}: the time is scheduler.now()`)
      if (name.startsWith('console.') && file.path !== PRINTER) say(`${name}: report an event`)
    }
    if (ts.isNewExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'Date') {
      if ((node.arguments ?? []).length === 0) say('new Date() reads the clock: the time is scheduler.now()')
    }
    if (ts.isCallExpression(node) && calledName(node) === 'mergeMap' && node.arguments.length > 1) {
      say('mergeMap with a limit queues without bound: use boundedMap')
    }
  })
  return found
}

const subscriptions = (file: Source): readonly string[] => {
  const found: string[] = []
  eachNode(file, (node, tree) => {
    if (ts.isCallExpression(node) && calledName(node) === 'subscribe')
      found.push(finding(file, node.getStart(tree), 'subscribes'))
  })
  return found
}

/** Findings of a pattern in the plain text, comments and strings included. */
const mentions = (file: Source, pattern: RegExp, what: string): readonly string[] =>
  [...file.text.matchAll(pattern)].map(match => finding(file, match.index, `${what}: ${match[0].trim()}`))

const PRIVATE_PLACES =
  /\b(?:registry\.[a-z0-9-]+\.[a-z]+|npmmirror|verdaccio|artifactory|repo1?\.maven)\b|\.\.\/shared\b|(?<![\w.])\/(?:work|root|home\/\w+|Users\/\w+)\//g
const UNTESTED = /\b(?:it|test|describe|suite)(?:\.\w+)*\.(?:skip|only|todo|skipIf|runIf|fails)\b/g
const ASYNC_MARBLES = /\bmarbles\(\s*async\b/g
const COVERAGE_IGNORED = /\b(?:v8|c8|istanbul)\s+ignore\b/g
const SILENCED = /eslint-disable(?!.* -- \S).*|@ts-(?:ignore|nocheck|expect-error)\s*$/gm

describe('every file of src', () => {
  it('imports only what its room may import', () => {
    expect(src.flatMap(forbiddenImports)).toEqual([])
  })

  it('imports, inside a large room, only from its own floor or from below', () => {
    expect(src.flatMap(climbing)).toEqual([])
  })

  it('takes its time from a scheduler, reports instead of logging, and keeps off the operators that lose', () => {
    expect(src.flatMap(forbiddenCode)).toEqual([])
  })

  it('subscribes only if it is an operator written by hand or owns a life', () => {
    expect(src.filter(({ path }) => !(path in MAY_SUBSCRIBE)).flatMap(subscriptions)).toEqual([])
  })
})

describe('every file of code', () => {
  it(`has at most ${LONGEST} lines`, () => {
    const lines = code.map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }))
    expect(lines.filter(file => file.lines > LONGEST)).toEqual([])
  })

  it('imports no file that imports it, not even for a type and not even inside a room', () => {
    expect(importCircles(code)).toEqual([])
  })
})

describe('the rules themselves', () => {
  const here = (room: string, text: string): Source => ({ path: `src/${room}/x.ts`, text })
  const files = (texts: readonly string[]): readonly Source[] =>
    texts.map((text, i) => ({ path: `a/${['x', 'y', 'z'][i] ?? ''}.ts`, text }))

  it('name only rooms and files that there are', () => {
    const rooms = new Set(src.map(({ path }) => roomOf(path)))
    expect(Object.keys(MAY_IMPORT).filter(room => !rooms.has(room))).toEqual([])
    expect(Object.keys(MAY_ALSO_IMPORT).filter(path => !src.some(file => file.path === path))).toEqual([])
    const subscribing = new Set(src.filter(file => subscriptions(file).length > 0).map(({ path }) => path))
    expect(Object.keys(MAY_SUBSCRIBE).filter(path => !subscribing.has(path))).toEqual([])
  })

  it.each([
    ['producer', "import { x } from '../consumer/x.ts'"],
    ['producer', "import { x } from '../broker/x.ts'"],
    ['producer', "import { type X, y } from '../broker/x.ts'"],
    ['messages', "export { x } from 'node:fs'"],
    ['messages', "import 'pino'"],
    ['messages', "const x = await import('rxjs')"],
    ['attic', "import type { X } from 'rxjs'"],
  ])('notice a wrong import in %s: %s', (room, text) => {
    expect(forbiddenImports(here(room, text))).toHaveLength(1)
  })

  it('know every folder of a large room, and notice an import that climbs', () => {
    const folders = new Set(src.map(({ path }) => path.split('/').slice(1, -1).join('/')))
    for (const [room, floors] of Object.entries(FLOORS)) {
      const told = floors.map(floor => `${room}/${floor}`)
      expect([...folders].filter(folder => folder.startsWith(`${room}/`)).sort()).toEqual(told.sort())
    }
    expect(climbing(here('consumer/offsets', "import type { X } from '../pop/x.ts'"))).toHaveLength(1)
  })

  it.each([
    ['producer', "import type { X } from '../broker/x.ts'"],
    ['producer', "import { type X } from '../broker/x.ts'"],
    ['producer', "import { x } from './y.ts'"],
    ['messages', "// import { x } from 'rxjs'"],
  ])('let a right import pass in %s: %s', (room, text) => {
    expect(forbiddenImports(here(room, text))).toEqual([])
  })

  it.each([
    [["import type { Y } from './y.ts'", "import { x } from './x.ts'"], 'a/x.ts -> a/y.ts -> a/x.ts'],
    [
      ["import '../a/y.ts'", "export { z } from './z.ts'", "type X = import('./x.ts').X"],
      'a/x.ts -> a/y.ts -> a/z.ts -> a/x.ts',
    ],
    [["import './y.ts'", "import './z.ts'", "import './y.ts'"], 'a/y.ts -> a/z.ts -> a/y.ts'],
    [["import './x.ts'"], 'a/x.ts -> a/x.ts'],
  ])('notice a circle: %j', (texts, circle) => {
    expect(importCircles(files(texts))).toEqual([circle])
  })

  it('notice no circle where two files import the same third one', () => {
    const texts = ["import './y.ts'; import './z.ts'", "import './z.ts'", "import './elsewhere.ts'"]
    expect(importCircles(files(texts))).toEqual([])
  })

  it.each([
    'Date.now()',
    'new Date()',
    'setTimeout(f, 1)',
    'console.log(1)',
    'a.pipe(shareReplay(1))',
    'mergeMap(f, 4)',
  ])('notice %s', text => {
    expect(forbiddenCode(here('client', text))).toHaveLength(1)
  })

  it.each([
    'scheduler.now()',
    'new Date(at)',
    'mergeMap(f)',
    'mergeMap(x => g(x, 2),)',
    "'setTimeout'",
    '// console.log',
  ])('let %s pass', text => {
    expect(forbiddenCode(here('client', text))).toEqual([])
  })
})

describe('the repository', () => {
  it('stands alone: it names no registry and no place of one machine', () => {
    expect(everything.flatMap(file => mentions(file, PRIVATE_PLACES, 'names a private place'))).toEqual([])
    expect(mentions({ path: 'x', text: 'see ../shared/a and /work/b' }, PRIVATE_PLACES, 'x')).toHaveLength(2)
  })

  it('skips no test and exempts no line from being covered', () => {
    expect(tests.flatMap(file => mentions(file, UNTESTED, 'is not run'))).toEqual([])
    expect(everything.flatMap(file => mentions(file, COVERAGE_IGNORED, 'is not measured'))).toEqual([])
  })

  it('has no marble function that is async: it would always pass', () => {
    expect(tests.flatMap(file => mentions(file, ASYNC_MARBLES, 'always passes'))).toEqual([])
  })

  it('silences no rule without saying why', () => {
    expect(code.flatMap(file => mentions(file, SILENCED, 'gives no reason'))).toEqual([])
  })
})
