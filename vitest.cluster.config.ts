import { defineConfig } from 'vitest/config'
import { closingLine } from './test/support/closing-line.ts'

/** Against real Apache RocketMQ, which needs a JDK and Maven: see test/cluster. */
export default defineConfig({
  test: {
    reporters: ['default', closingLine()],
    name: 'cluster',
    include: ['test/cluster/**/*.test.ts', 'test/behaviour/**/*.test.ts'],
    globalSetup: ['test/cluster/shared-cluster.ts'],
    env: { ROCKETMQ_TEST_TARGET: 'real' },
    testTimeout: 120_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: 20_000 } },
    maxWorkers: 2, // most tests wait for servers; more of those at once would be late for each other
  },
})
