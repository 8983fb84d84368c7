export { type EmbeddedCluster, startEmbeddedCluster } from './embedded-cluster.ts'
export type { Faults } from './faults.ts'
export type { EmbeddedClusterOptions } from './options.ts'
