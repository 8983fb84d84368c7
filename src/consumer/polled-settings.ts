/** How a consumer that is asked for messages commits. */
export interface PolledSettings {
  /** What an earlier poll handed out is consumed at the next one. */
  readonly autoCommit: boolean
}
