import { startRealCluster } from '../cluster/real-cluster.ts'
import { startEmbeddedTestCluster } from './embedded-test-cluster.ts'
import { QUICK_DELAY_LEVELS } from './test-cluster.ts'
import type { TestCluster, TestClusterOptions } from './test-cluster.ts'

/** The cluster that the behaviour suite runs on: embedded, or real when ROCKETMQ_TEST_TARGET says so. */
export const startTarget = (options: TestClusterOptions = {}): Promise<TestCluster> => {
  const quick = { delayLevels: QUICK_DELAY_LEVELS, ...options }
  return process.env['ROCKETMQ_TEST_TARGET'] === 'real' ? startRealCluster(quick) : startEmbeddedTestCluster(quick)
}

let lastName = 0
/** A name nobody used before in this cluster. */
export const unique = (prefix: string): string => `${prefix}_${process.pid}_${++lastName}`
