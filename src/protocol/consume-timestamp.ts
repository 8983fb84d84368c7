import { illegal } from '../errors.ts'

/**
 * A time as consumers of the official client are told where to begin, and as they tell their settings: fourteen digits,
 * year to second, in the time zone of the process. Epoch ms; what is less than a second is cut off.
 */
export const consumeTimestamp = (epochMs: number): string => {
  const date = new Date(epochMs)
  const year = date.getFullYear()
  if (Number.isNaN(year) || year < 0 || year > 9_999)
    throw illegal(`${epochMs} is no time between the years 0 and 9999`)
  return (
    digits(year, 4) +
    [date.getMonth() + 1, date.getDate(), date.getHours(), date.getMinutes(), date.getSeconds()]
      .map(part => digits(part, 2))
      .join('')
  )
}

/** Epoch ms of such a text. Throws `ERR_RMQ_ILLEGAL` for anything else, and for days that the calendar does not have. */
export const parseConsumeTimestamp = (text: string): number => {
  const parts = /^(\d{4})(0[1-9]|1[0-2])([0-2]\d|3[01])([01]\d|2[0-3])([0-5]\d)([0-5]\d)$/.exec(text)
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = (parts ?? []).slice(1).map(Number)
  const date = new Date(0)
  date.setFullYear(year, month - 1, day) // the constructor takes the years 0 to 99 for those of the last century
  date.setHours(hour, minute, second, 0)
  if (parts === null || date.getMonth() !== month - 1) {
    throw illegal(`"${text.slice(0, 32)}" is no time: expected fourteen digits yyyyMMddHHmmss`)
  }
  return date.getTime()
}

const digits = (value: number, count: number): string => String(value).padStart(count, '0')
