import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/behaviour/**', 'test/cluster/**'] } },
      { test: { name: 'behaviour', include: ['test/behaviour/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 120_000 } },
      { test: { name: 'marbles', include: ['marble-tests/**/*.test.ts'], isolate: false } },
    ],
  },
})
