import { inject } from 'vitest'
import { sharedCluster } from '../cluster/shared-cluster.ts'
import { startRealCluster } from '../cluster/real-cluster.ts'
import { startEmbeddedTestCluster } from './embedded-test-cluster.ts'
import { QUICK_DELAY_LEVELS } from './test-cluster.ts'
import type { TestCluster, TestClusterOptions } from './test-cluster.ts'

export interface TargetOptions extends TestClusterOptions {
  /** Servers of one's own, which may be stopped and paused. Default: only where other options are given. */
  readonly own?: boolean
}

/**
 * The cluster that the behaviour suite runs on: embedded, or real when ROCKETMQ_TEST_TARGET says so. Real servers are
 * shared by those who ask for nothing special: they take names of their own, and leave the servers alone.
 */
export const startTarget = async ({ own, ...options }: TargetOptions = {}): Promise<TestCluster> => {
  const quick = { delayLevels: QUICK_DELAY_LEVELS, ...options }
  if (process.env['ROCKETMQ_TEST_TARGET'] !== 'real') return startEmbeddedTestCluster(quick)
  const isPlain = own !== true && Object.keys(options).length === 0
  return isPlain ? sharedCluster(inject('sharedCluster')) : startRealCluster(quick)
}

let lastName = 0
/** A name nobody used before in this cluster. */
export const unique = (prefix: string): string => `${prefix}_${process.pid}_${++lastName}`
