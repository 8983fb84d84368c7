/** Works as a process in another time zone would. */
export const inTimeZone = (timeZone: string, work: () => void): void => {
  const before = process.env.TZ
  process.env.TZ = timeZone
  try {
    work()
  } finally {
    if (before === undefined) delete process.env.TZ
    else process.env.TZ = before
  }
}
