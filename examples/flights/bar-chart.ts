export interface Bar {
  readonly label: string
  readonly value: number
  readonly note: string
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** A bar of up to `width` characters, drawn to the eighth of one. */
export const bar = (share: number, width: number): string => {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8)
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '')
}

/** One line per bar; the longest bar stands for the greatest value. */
export const barChart = (bars: readonly Bar[], width = 40): readonly string[] => {
  const greatest = Math.max(...bars.map(({ value }) => value))
  const labelWidth = Math.max(...bars.map(({ label }) => label.length))
  return bars.map(
    ({ label, value, note }) => `${label.padEnd(labelWidth)} ${bar(value / greatest, width).padEnd(width)} ${note}`,
  )
}
