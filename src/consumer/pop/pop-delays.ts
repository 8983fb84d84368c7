/** How long a message that failed stays invisible, by how often it was delivered before: Java's table, seconds. */
const DELAYS_S = [10, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1_200, 1_800, 3_600, 7_200] as const

/** Levels begin with 0 here, where they are table places and not the broker's delay levels; beyond the end it is the last. */
export const popDelayMs = (level: number): number => (DELAYS_S[level] ?? 7_200) * 1_000
