import { parseArgs } from 'node:util'
import type { ParseArgsConfig } from 'node:util'

type Options = NonNullable<ParseArgsConfig['options']>

/** The command line is wrong: the message says how, and nothing was done. Exit code 2. */
export interface UsageError {
  readonly usage: string
}
export const usageError = (usage: string): UsageError => ({ usage })
export const isUsageError = (error: unknown): error is UsageError =>
  typeof error === 'object' && error !== null && 'usage' in error && typeof error.usage === 'string'

/** Flags as a table says them, or a usage error that suggests the nearest one. No positional arguments. */
export const readFlags = <const O extends Options>(args: readonly string[], options: O) => {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values
  } catch (cause) {
    throw usageError(sentence(cause, Object.keys(options)))
  }
}

const sentence = (cause: unknown, known: readonly string[]): string => {
  const [message = ''] = cause instanceof Error ? cause.message.split('. ') : []
  const [, unknown] = /^Unknown option '-{1,2}([^']+)'/.exec(message) ?? []
  if (unknown === undefined) return message.replaceAll('\n', ' ')
  return `unknown option --${unknown}${suggestion(unknown, known, '--')}`
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
  for (const [line, letter] of [...a].entries()) {
    const above = row
    row = [line + 1]
    for (const [column, other] of [...b].entries()) {
      const changed = (above[column] ?? 0) + (letter === other ? 0 : 1)
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
