import { defineConfig } from 'vitest/config'
import { closingLine } from './test/support/closing-line.ts'

/** Patience for a machine that has more to do: the defaults are 5 s for a test and 1 s for what is polled. */
const patient = { testTimeout: 30_000, expect: { poll: { timeout: 20_000 } } }

/** Everything that needs only Node. Against real brokers: vitest.cluster.config.ts. */
export default defineConfig({
  test: {
    reporters: ['default', closingLine()],
    maxWorkers: '100%', // most tests wait for something
    coverage: {
      provider: 'v8',
      include: ['src/**'],
      exclude: ['src/cli/**'], // runs in processes of its own, as users run it: test/cli
      reporter: ['text', 'html'],
      thresholds: { lines: 90, branches: 85 },
    },
    projects: [
      {
        test: {
          ...patient,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/behaviour/**', 'test/cluster/**'],
        },
      },
      {
        test: {
          ...patient,
          name: 'behaviour',
          include: ['test/behaviour/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      { test: { ...patient, name: 'marbles', include: ['marble-tests/**/*.test.ts'], isolate: false } },
    ],
  },
})
