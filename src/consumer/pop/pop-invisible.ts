/** How long a popped message is invisible to others, as Java's popInvisibleTime, ms. */
export const INVISIBLE_MS = 60_000

/** How long Java lets a popped message be invisible, ms: brokers themselves take anything. */
export const INVISIBLE_BOUNDS = [5_000, 300_000] as const
