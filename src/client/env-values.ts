import { illegal } from '../errors.ts'
import { wrong } from './problems.ts'

/** Environment variables, as in `process.env`. */
export type Env = Readonly<Record<string, string | undefined>>

/** What a variable says; undefined when it is not set, or empty. */
export const envText = (env: Env, name: string): string | undefined => env[name] || undefined

/** A whole number, 1 or more; anything else is ERR_RMQ_ILLEGAL and names the variable. */
export const envPositive = (env: Env, name: string): number | undefined =>
  envNumber(env, name, /^\d{1,10}$/, 1, 'a positive whole number')

/** The same from 0 on. */
export const envWhole = (env: Env, name: string): number | undefined =>
  envNumber(env, name, /^\d{1,10}$/, 0, 'a whole number')

/** A time in ms since 1970: 13 digits at most, so that a date in digits, such as Java's yyyyMMddHHmmss, is refused. */
export const envTime = (env: Env, name: string): Date | undefined => {
  const ms = envNumber(env, name, /^\d{1,13}$/, 0, 'ms since 1970')
  return ms === undefined ? undefined : new Date(ms)
}

/** Seconds with or without decimals, as ms. */
export const envSeconds = (env: Env, name: string): number | undefined => {
  const seconds = envNumber(env, name, /^\d{1,7}(?:\.\d{1,3})?$/, 0.001, 'seconds, such as 10 or 2.5')
  return seconds === undefined ? undefined : Math.round(seconds * 1_000)
}

/** `true`, `1`, `yes`, `on` and their opposites, in any case. */
export const envBool = (env: Env, name: string): boolean | undefined => {
  const value = envText(env, name)
  if (value === undefined) return undefined
  if (/^(?:true|1|yes|on)$/i.test(value)) return true
  if (/^(?:false|0|no|off)$/i.test(value)) return false
  wrong<undefined>(unreadable(name, value, 'true or false'), undefined)
}

/** One of some words, each of which stands for an option's value. */
export const envWord = <T>(env: Env, name: string, words: Readonly<Record<string, T>>): T | undefined => {
  const value = envText(env, name)?.toLowerCase()
  if (value === undefined) return undefined
  if (Object.hasOwn(words, value)) return words[value]
  wrong(unreadable(name, value, `one of ${Object.keys(words).join(', ')}`), undefined)
}

/** Without the members that say nothing, so that it can be spread over defaults. */
export const said = <T extends object>(options: { readonly [K in keyof T]: T[K] | undefined }): Partial<T> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>

const envNumber = (env: Env, name: string, form: RegExp, least: number, what: string): number | undefined => {
  const value = envText(env, name)
  if (value === undefined) return undefined
  if (form.test(value) && Number(value) >= least) return Number(value)
  wrong(unreadable(name, value, what), undefined)
}

const unreadable = (name: string, value: string, what: string) =>
  illegal(`environment variable ${name} is "${value.slice(0, 40)}": expected ${what}`)
