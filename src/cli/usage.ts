import { parseArgs } from 'node:util'
import type { ParseArgsConfig } from 'node:util'

type Options = NonNullable<ParseArgsConfig['options']>
type Values<O extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: O; strict: true; allowPositionals: false }>
>['values']

const USAGE_ERROR = 'UsageError'

/** The command line is wrong: the message says how, and nothing was done. Exit code 2. */
export const usageError = (message: string): Error => Object.assign(new Error(message), { name: USAGE_ERROR })
export const isUsageError = (error: unknown): error is Error => error instanceof Error && error.name === USAGE_ERROR

/** Flags as a table says them, or a usage error that suggests the nearest one. No positional arguments. */
export const readFlags = <const O extends Options>(args: readonly string[], options: O): Values<O> => {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values
  } catch (cause) {
    throw usageError(sentence(cause, Object.keys(options)))
  }
}

const sentence = (cause: unknown, known: readonly string[]): string => {
  const [message = ''] = cause instanceof Error ? cause.message.split('. ') : []
  const [, unknown] = /^Unknown option '(-{1,2}[^']+)'/.exec(message) ?? []
  if (unknown === undefined) return message.replaceAll('\n', ' ')
  return `unknown option ${unknown}${suggestion(unknown.replace(/^-+/, ''), known, '--')}`
}

/** `, did you mean --json?`, if something is near enough. */
export const suggestion = (word: string, known: readonly string[], prefix = ''): string => {
  const [nearest] = known
    .map(name => ({ name, far: distance(word, name) }))
    .filter(({ name, far }) => far <= Math.max(2, Math.floor(name.length / 3)) && far < name.length)
    .sort((a, b) => a.far - b.far)
  return nearest === undefined ? '' : `, did you mean ${prefix}${nearest.name}?`
}

/** How many letters must be put in, taken out or changed to make one word the other (Levenshtein). */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let line = 0; line < a.length; line++) {
    const above = row
    row = [line + 1]
    for (let column = 0; column < b.length; column++) {
      const changed = (above[column] ?? 0) + (a[line] === b[column] ? 0 : 1)
      row.push(Math.min(changed, (above[column + 1] ?? 0) + 1, (row[column] ?? 0) + 1))
    }
  }
  return row[b.length] ?? a.length
}

/** A whole number from `least` on, or a usage error. */
export const wholeNumber = (flag: string, text: string, least: number, most = 2 ** 31 - 1): number => {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw usageError(`${flag} is "${text}": expected a whole number from ${least} to ${most}`)
}
