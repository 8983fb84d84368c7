import type { ClientConfig } from './config.ts'

type Preset = Pick<ClientConfig, 'timing' | 'connection' | 'health' | 'maxInFlight' | 'debug'>

/** Ready-made settings to spread into a config: `createClient({ ...PRESETS.production, nameServers })`. */
export const PRESETS = {
  /** Patient with a debugger: everything may take long. */
  development: {
    timing: { requestTimeoutMs: 10_000, connectTimeoutMs: 30_000 },
    connection: { keepAliveMs: 60_000, reconnectMaxMs: 10_000 },
    maxInFlight: 1_000,
    debug: true,
  },
  /** Many requests on the way, patient with a busy cluster, whose slow brokers get less. */
  production: {
    timing: { requestTimeoutMs: 30_000, connectTimeoutMs: 5_000 },
    connection: { keepAliveMs: 15_000, writeBufferBytes: 2 << 20 },
    health: { avoidSlow: true },
    maxInFlight: 50_000,
  },
  /** Many requests to brokers that answer soon, slower ones get less: gives up early, keeps connections long. */
  highPerformance: {
    timing: { requestTimeoutMs: 3_000, connectTimeoutMs: 3_000, idleMs: 300_000 },
    connection: { writeBufferBytes: 4 << 20, maxWaitingBytes: 256 << 20 },
    health: { avoidSlow: true },
    maxInFlight: 100_000,
  },
  /** Fails soon, reconnects at once. */
  testing: {
    timing: { requestTimeoutMs: 5_000, connectTimeoutMs: 2_000, rebalanceMs: 2_000, commitMs: 500, drainMs: 5_000 },
    connection: { reconnectFirstMs: 20, reconnectMaxMs: 200 },
    maxInFlight: 10_000,
  },
} as const satisfies Record<string, Preset>
