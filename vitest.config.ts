import { defineConfig } from 'vitest/config'
import { closingLine } from './test/support/closing-line.ts'

/** Everything that needs only Node. Against real brokers: vitest.cluster.config.ts. */
export default defineConfig({
  test: {
    reporters: ['default', closingLine()],
    coverage: {
      provider: 'v8',
      include: ['src/**'],
      exclude: ['src/cli/**'], // runs in processes of its own, as users run it: test/cli
      reporter: ['text', 'html'],
      thresholds: { lines: 90, branches: 85 },
    },
    projects: [
      { test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/behaviour/**', 'test/cluster/**'] } },
      {
        test: {
          name: 'behaviour',
          include: ['test/behaviour/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      { test: { name: 'marbles', include: ['marble-tests/**/*.test.ts'], isolate: false } },
    ],
  },
})
